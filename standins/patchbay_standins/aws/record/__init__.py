"""The calls that are made, as AWS would judge them: who, which IAM actions, on which resources, under which conditions.

A line of JSON for each call, in the order in which they came:

    {"time": 1767225600.0, "key": "emulated", "principal": "", "environment": "pulumi-up", "service": "ec2",
     "operation": "CreateVpc", "region": "eu-central-1", "status": 200,
     "asked": [{"action": "ec2:CreateVpc", "resource": "arn:aws:ec2:eu-central-1:111122223333:vpc/*",
                "context": {"aws:RequestedRegion": "eu-central-1", "aws:RequestTag/Name": "example"}}]}

`key` is the access key's id, `principal` the ARN of the role whose session it belongs to, `environment` what the client
says it runs in (AWS_EXECUTION_ENV), `status` the answer's. `asked` is everything that has to be allowed for the call;
tags are those of the moment before it. A call of which that cannot be told has `unread` in its place, which says why.
Of what a caller hands in there are only names and tags of things, never a value that is kept in them.
"""
