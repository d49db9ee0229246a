"""The functions that a program may call."""

import json
from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.policy_document import policy_document

from tests.standins.pulumi_plugins.stack import Stack

PROGRAM = """
invoke = pulumi.InvokeOptions(provider=provider)
pulumi.export("account", aws.get_caller_identity(opts=invoke).account_id)
pulumi.export("region", aws.get_region(opts=invoke).region)
pulumi.export("zones", aws.get_availability_zones(state="available", opts=invoke).names)
pulumi.export("partition", aws.get_partition(opts=invoke).dns_suffix)
"""


def test_a_program_learns_where_it_runs(stack: Stack, preamble: str) -> None:
    stack.up(preamble + PROGRAM)
    assert stack.outputs() == {
        "account": "123456789012",
        "partition": "amazonaws.com",
        "region": "eu-central-1",
        "zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    }


def document(**arguments: Any) -> Any:
    return json.loads(policy_document(arguments)["json"])


def test_a_policy_document_is_written_as_iam_wants_it() -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject", "s3:GetBucketLocation"],
        "resources": ["*"],
        "principals": [{"type": "AWS", "identifiers": ["arn:aws:iam::111122223333:root"]}],
        "conditions": [
            {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["111122223333"]},
            {"test": "StringEquals", "variable": "aws:PrincipalTag/team", "values": ["b", "a"]},
        ],
    }
    assert document(statements=[statement, {"effect": "Deny", "notActions": ["s3:*"], "resources": ["*"]}]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": ["s3:GetBucketLocation", "s3:GetObject"],
                "Resource": "*",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": "111122223333", "aws:PrincipalTag/team": ["a", "b"]}
                },
            },
            {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"},
        ],
    }


def test_statements_of_other_documents_are_merged_by_their_sid() -> None:
    base = json.dumps({"Statement": {"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    override = json.dumps({"Statement": [{"Sid": "A", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]})
    statement = {"sid": "B", "actions": ["ec2:*"], "resources": ["*"]}
    merged = document(sourcePolicyDocuments=[base], statements=[statement], overridePolicyDocuments=[override])
    assert [(item["Sid"], item["Effect"]) for item in merged["Statement"]] == [("A", "Deny"), ("B", "Allow")]
