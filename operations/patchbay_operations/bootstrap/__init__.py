"""What an administrator does once for an environment, before its first `pulumi up`.

In order, each found or made, so that it may be run again at any time: who is logged in, the key and the bucket of
Pulumi's state, the hosted zone, the service-linked roles, the quotas, the login to the state. Nothing is deleted, and
no file is written but by Pulumi itself.

The calls, which are the rights that it takes:

- sts:GetCallerIdentity, iam:GetRole, iam:ListRoles, iam:CreateServiceLinkedRole;
- kms:DescribeKey, kms:CreateKey, kms:TagResource, kms:CreateAlias, kms:GetKeyRotationStatus, kms:EnableKeyRotation;
- s3:ListBucket, s3:CreateBucket, s3:PutBucketOwnershipControls, s3:PutBucketTagging, and of the bucket's versioning,
  encryption, public access block, policy and lifecycle both Get and Put;
- route53:ListHostedZonesByName, route53:GetHostedZone, route53:CreateHostedZone, route53:ListTagsForResource,
  route53:ChangeTagsForResource, route53:ListResourceRecordSets;
- servicequotas:GetServiceQuota, servicequotas:GetAWSDefaultServiceQuota, ec2:DescribeInstanceTypes.
"""
