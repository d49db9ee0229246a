"""The one-machine environment: tool builds, images, cluster and nodes, engine plugins."""
