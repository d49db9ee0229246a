"""What a platform team runs against an environment's AWS account: its preparation, checks, recovery, plans."""
