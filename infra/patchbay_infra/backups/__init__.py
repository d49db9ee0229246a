"""Backups that outlive the environment's own mistakes: in a locked vault, and in a second region or account."""
