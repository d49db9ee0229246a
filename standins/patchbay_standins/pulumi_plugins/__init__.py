"""Stand-ins for Pulumi's plugins, for machines on which the official ones cannot be downloaded.

The engine is always the unchanged Pulumi CLI, which finds them where `patchbay_local.deploy.plugins` puts them:

- `language_host`: `pulumi-language-python`, around the SDK's own program that runs Python
- `aws_provider`: `pulumi-resource-aws`
- `plugin`: what both share
"""
