"""A stand-in for the cluster autoscaler: its flags, its calls to AWS, its documented rules."""
