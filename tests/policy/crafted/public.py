"""Policies of resources: what lets anybody in, and which conditions really say who may come.

The judge is S3's own "meaning of public" (only fixed values of named keys make a policy non-public, addresses no wider
than /8 and /32): https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
Operators and missing keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import ACCOUNT, ORGANISATION, Row, document

_RULE: Final = "resource-policies-not-public"
_ROOT: Final = f"arn:aws:iam::{ACCOUNT}:root"


def _allowed(principal: Any = "*", action: str = "s3:GetObject", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*", **more}


def _all_but(principal: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "NotPrincipal": principal, "Action": "s3:GetObject", "Resource": "*"}


def _bucket(name: str, statement: dict[str, Any]) -> Row:
    return Row(name, tokens.BUCKET_POLICY, {"policy": document(statement)}, _RULE)


def _if(name: str, **condition: Any) -> Row:
    return _bucket(name, _allowed(Condition=condition))


def _set_operator(name: str, operator: str, key: str, value: Any) -> Row:
    return _bucket(name, _allowed(Condition={operator: {key: value}}))


def _at(name: str, type_: str, property_: str, statement: dict[str, Any]) -> Row:
    return Row(name, type_, {property_: document(statement)}, _RULE)


BYPASSES = (
    Row(
        "an element's name spelled by numbers",
        tokens.BUCKET_POLICY,
        {"policy": document(_allowed()).replace('"Principal"', '"\\u0050rincipal"')},
        _RULE,
    ),
    _if("whoever comes by TLS", Bool={"aws:SecureTransport": "true"}),
    _if("a word that the caller says", StringEquals={"aws:UserAgent": "patchbay"}),
    _if("a page that the caller names", StringLike={"aws:Referer": "https://example.com/*"}),
    _if("from some day on", DateGreaterThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"}),
    _if("a tag of the caller's own account", StringEquals={"aws:PrincipalTag/team": "platform"}),
    _if("a kind of caller", StringEquals={"aws:PrincipalType": "AssumedRole"}),
    _if("a region", StringEquals={"aws:RequestedRegion": "eu-central-1"}),
    _if("every organisation", StringLike={"aws:PrincipalOrgID": "*"}),
    _if("every organisation by its first letters", StringLike={"aws:PrincipalOrgID": "o-*"}),
    _if("every other organisation", StringNotEquals={"aws:PrincipalOrgID": ORGANISATION}),
    _if("whoever has an organisation", Null={"aws:PrincipalOrgID": "false"}),
    _if("an account, or nobody signed in", StringEqualsIfExists={"aws:PrincipalAccount": ACCOUNT}),
    _if("an account, or every one", StringLike={"aws:PrincipalAccount": [ACCOUNT, "*"]}),
    _if("the account that it says", StringEquals={"aws:PrincipalAccount": "${aws:PrincipalAccount}"}),
    _if("a role of every account", ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}),
    _if("a role of a name that spans", StringLike={"aws:PrincipalArn": f"arn:*:iam::{ACCOUNT}:role/deploy"}),
    _if("every bucket's notices", ArnLike={"aws:SourceArn": "arn:aws:s3:::*"}),
    _if("every network", StringLike={"aws:SourceVpc": "vpc-*"}),
    _if("every endpoint", StringLike={"aws:SourceVpce": "vpce-?*"}),
    _if("every address", IpAddress={"aws:SourceIp": "0.0.0.0/0"}),
    _if("two halves of the addresses", IpAddress={"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}),
    _if("every IPv6 address", IpAddress={"aws:SourceIp": ["203.0.113.0/24", "::/0"]}),
    _if("a sixteenth of IPv6", IpAddress={"aws:SourceIp": "2000::/20"}),
    _if("every address but some", NotIpAddress={"aws:SourceIp": "203.0.113.0/24"}),
    _if("no value at all", StringEquals={"aws:PrincipalOrgID": []}),
    _set_operator("all of no accounts", "ForAllValues:StringEquals", "aws:PrincipalAccount", ACCOUNT),
    _set_operator("every path of organisations", "ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "*"),
    _bucket("everybody but one account", _all_but({"AWS": _ROOT})),
    _bucket("everybody in a list", _allowed({"AWS": [_ROOT, "*"]})),
    _bucket("every AWS account by TLS", _allowed({"AWS": "*"}, Condition={"Bool": {"aws:SecureTransport": True}})),
    _at(
        "a key for whoever comes by S3",
        tokens.KEY,
        "policy",
        _allowed(action="kms:Decrypt", Condition={"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}),
    ),
    _at("a key's policy beside it", "aws:kms/keyPolicy:KeyPolicy", "policy", _allowed(action="kms:*")),
    _at("a queue's policy within it", "aws:sqs/queue:Queue", "policy", _allowed(action="sqs:SendMessage")),
    _at("a topic's policy within it", tokens.TOPIC, "policy", _allowed(action="sns:Publish")),
    _at("a secret's policy within it", tokens.SECRET, "policy", _allowed(action="secretsmanager:GetSecretValue")),
    _at("a file system", "aws:efs/fileSystemPolicy:FileSystemPolicy", "policy", _allowed(action="elasticfilesystem:*")),
    _at("an event bus", "aws:cloudwatch/eventBusPolicy:EventBusPolicy", "policy", _allowed(action="events:PutEvents")),
    _at("a table", "aws:dynamodb/resourcePolicy:ResourcePolicy", "policy", _allowed(action="dynamodb:GetItem")),
    Row(
        "a function",
        "aws:lambda/permission:Permission",
        {"action": "lambda:InvokeFunction", "function": "example", "principal": "*"},
        _RULE,
    ),
)

HARMLESS = (
    _if("the organisation", StringEquals={"aws:PrincipalOrgID": ORGANISATION}),
    _if("the organisation, in other letters of the key", StringEquals={"AWS:principalorgid": ORGANISATION}),
    _if("two accounts", StringEquals={"aws:PrincipalAccount": [ACCOUNT, "444455556666"]}),
    _if("roles of one account", ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}),
    _if("a role", ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/deploy"}),
    _if("an endpoint", StringEquals={"aws:SourceVpce": "vpce-0123456789abcdef0"}),
    _if("a network", StringEquals={"aws:SourceVpc": "vpc-0123456789abcdef0"}),
    _if("an office", IpAddress={"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}),
    _if("private addresses", IpAddress={"aws:SourceIp": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}),
    _if("an access point's account", StringEquals={"s3:DataAccessPointAccount": ACCOUNT}),
    _if("a log of every region", ArnLike={"aws:SourceArn": f"arn:aws:logs:*:{ACCOUNT}:log-group:*"}),
    _if("notices of one bucket", ArnLike={"aws:SourceArn": "arn:aws:s3:::example-bucket"}),
    _if("one account, by TLS", StringEquals={"aws:PrincipalAccount": ACCOUNT}, Bool={"aws:SecureTransport": "true"}),
    _set_operator(
        "a path of the organisation",
        "ForAnyValue:StringLike",
        "aws:PrincipalOrgPaths",
        f"{ORGANISATION}/r-example/ou-example/*",
    ),
    _bucket("an account", _allowed({"AWS": _ROOT})),
    _bucket("a service", _allowed({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject")),
    _bucket("nobody in plain text", {**_allowed(), "Effect": "Deny"}),
    _at(
        "a key for one account by S3",
        tokens.KEY,
        "policy",
        _allowed(
            action="kms:Decrypt",
            Condition={
                "StringEquals": {"kms:CallerAccount": ACCOUNT, "kms:ViaService": "s3.eu-central-1.amazonaws.com"}
            },
        ),
    ),
    _at("what passes a network's own endpoint", "aws:ec2/vpcEndpoint:VpcEndpoint", "policy", _allowed()),
    Row(
        "a function for one account's bucket",
        "aws:lambda/permission:Permission",
        {"action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com", "sourceAccount": ACCOUNT},
        _RULE,
    ),
    Row(
        "a function for the organisation",
        "aws:lambda/permission:Permission",
        {"action": "lambda:InvokeFunction", "principal": "*", "principalOrgId": ORGANISATION},
        _RULE,
    ),
)
