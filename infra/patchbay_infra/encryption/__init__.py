"""The environment's own encryption keys."""
