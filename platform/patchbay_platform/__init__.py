"""Kubernetes components of the platform, one per logical entity."""
