"""What an environment's AWS looks like, as a page to read and as JSON to compare."""
