"""NetworkPolicy on this machine's nodes: the cluster's policies as a packet filter in each node's network namespace."""
