"""What a platform team runs against an environment's AWS account: inventory, checks, recovery."""
