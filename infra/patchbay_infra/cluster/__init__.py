"""EKS: the control plane, its node groups, and the rights of what runs on them."""
