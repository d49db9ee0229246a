"""The node agent: this machine's nodes are the instances of the account's EKS node groups."""
