"""Where the internet meets an environment: names, certificate, firewall, load balancer."""
