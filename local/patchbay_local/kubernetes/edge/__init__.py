"""What stands in for the network load balancer: a TCP proxy on loopback in front of the nodes."""
