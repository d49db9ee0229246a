"""What can be asked of the API, and which role may ask for what."""
