"""What a deployment changes: the environment's own resources, a policy for each layer of them."""
