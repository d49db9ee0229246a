"""A real Kubernetes on one machine: a control plane, and nodes in namespaces of their own."""
