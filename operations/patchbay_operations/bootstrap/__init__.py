"""What an administrator does once for an environment, before its first `pulumi up`.

In order, each found or made, so that it may be run again at any time: who is logged in, the key and the bucket of
Pulumi's state, the hosted zone, the service-linked roles, the quotas, the login to the state. Nothing is deleted, and
no file is written but by Pulumi itself.

The rights that its calls take are a policy in docs/environments.md, "Who bootstraps".
"""
