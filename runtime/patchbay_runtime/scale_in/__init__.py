"""Which of a shape's pods leaves first when there is one too many: the one that runs least.

Kubernetes reads it from an annotation of the pod. Workers do not write it themselves: customers' steps run in them, so
they hold no right in the cluster.
"""
