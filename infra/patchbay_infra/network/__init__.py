"""The environment's VPC: its address plan, subnets, ways out, endpoints, access lists and flow logs."""
