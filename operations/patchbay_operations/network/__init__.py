"""Who can reach what in an environment's VPC: computed from its routes, network ACLs and security groups in AWS."""
