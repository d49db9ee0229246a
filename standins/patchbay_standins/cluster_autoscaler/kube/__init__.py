"""The Kubernetes API: how it is reached, what is read and written, and who of several replicas acts."""
