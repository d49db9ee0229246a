"""The code host's identity in AWS: what its pull requests may read, and what its deployments may change."""
