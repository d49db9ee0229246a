"""Webhooks: how their senders are known, and the secrets that these share with the flows."""
