"""Whether a pod fits on a node: the scheduler's filters, as pure functions over a snapshot of the cluster."""
