"""What a step is to the shape that executes it: settings, expressions, outcome, faults and retries."""
