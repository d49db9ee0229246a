"""Stand-ins for Pulumi's plugins, for machines on which the official ones cannot be downloaded.

The engine is always the unchanged Pulumi CLI. `install` puts the stand-ins where that CLI looks for its plugins:

- `language_host`: `pulumi-language-python`
- `kubernetes_provider`: `pulumi-resource-kubernetes`
- `plugin`: what every plugin shares
"""
