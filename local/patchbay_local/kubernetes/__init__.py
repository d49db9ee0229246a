"""The machine's cluster: control plane, nodes, edge."""
