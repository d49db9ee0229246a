"""The metrics in CloudWatch that the platform puts itself, with the dimension `Cluster`: EKS' name of the cluster."""

from typing import Final

NAMESPACE: Final = "Patchbay"
# Processes of all shapes that could run and do not.
WAITING: Final = "WaitingProcesses"
NODES: Final = "Nodes"
