"""A stack's whole life on real AWS: deployed, checked, its scaling proven, destroyed; within a budget and a deadline.

What is not as it must be is told before anything is made, all at once (`preflight`). From then on whatever ends a step,
a failure, a deadline or a signal, the destruction follows. A record in the bucket of Pulumi's state (`record`) tells
the next run of one that could not do that.

It takes an administrator's role in an account for trying things out: an environment's own roles cannot make what they
are made by. Beside the rights of the deployment itself, the calls are sts:GetCallerIdentity, iam:GetRole,
iam:ListOpenIDConnectProviders, kms:DescribeKey, logs:ListTagsForResource,
logs:DeleteLogGroup, tag:GetResources, in the state's bucket
s3:ListBucket, s3:GetObject, s3:PutObject and s3:DeleteObject, and what the checks and the inventory list.
"""
