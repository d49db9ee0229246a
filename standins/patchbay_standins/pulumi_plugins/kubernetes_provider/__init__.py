"""`pulumi-resource-kubernetes`: deploys Kubernetes objects by server-side apply over plain HTTP."""
