"""What every stand-in plugin shares: serving, property values, errors and messages to the engine."""
