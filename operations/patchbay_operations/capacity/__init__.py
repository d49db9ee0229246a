"""The capacity plan: what a load will take in pods, nodes, waiting time and money, simulated before it comes."""
