"""Calls are allowed and refused as IAM allows and refuses them."""

from typing import Any

import pytest
from patchbay_operations.permissions.conditions import hold
from patchbay_operations.permissions.evaluation import Call, Rights, allowed


def policy(**statement: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", **statement}}


READ = policy(Action=["s3:Get*"], Resource="arn:aws:s3:::bucket/*")


@pytest.mark.parametrize(
    ("policies", "call", "expected"),
    [
        pytest.param([], Call("s3:GetObject"), False, id="nothing is allowed without a policy"),
        pytest.param([READ], Call("s3:GetObject", "arn:aws:s3:::bucket/key"), True, id="a wildcard matches"),
        pytest.param([READ], Call("S3:getobject", "arn:aws:s3:::bucket/key"), True, id="actions have no case"),
        pytest.param([READ], Call("s3:GetObject", "arn:aws:s3:::Bucket/key"), False, id="resources have case"),
        pytest.param([READ], Call("s3:PutObject", "arn:aws:s3:::bucket/key"), False, id="another action"),
        pytest.param(
            [policy(Action="*"), policy(Effect="Deny", Action="iam:*")],
            Call("iam:CreateUser"),
            False,
            id="a deny wins over every allow",
        ),
        pytest.param([policy(NotAction="iam:*")], Call("ec2:RunInstances"), True, id="all but some actions"),
        pytest.param([policy(NotAction="iam:*")], Call("iam:CreateUser"), False, id="one of those left out"),
        pytest.param(
            [{"Statement": {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"}}],
            Call("s3:GetObject", "arn:aws:s3:::secret/key"),
            False,
            id="all but some resources",
        ),
        pytest.param(
            [policy(Action="s3:GetObject", Resource="arn:aws:s3:::bucket/${aws:PrincipalTag/tenant}/*")],
            Call("s3:GetObject", "arn:aws:s3:::bucket/one/key", {"aws:PrincipalTag/tenant": "one"}),
            True,
            id="a policy variable is filled in",
        ),
        pytest.param(
            [policy(Action="s3:GetObject", Resource="arn:aws:s3:::bucket/${aws:PrincipalTag/tenant}/*")],
            Call("s3:GetObject", "arn:aws:s3:::bucket//key"),
            False,
            id="a variable without a value matches nothing",
        ),
        pytest.param(
            [policy(Action="s3:GetObject", Resource="arn:aws:s3:::bucket/[a]")],
            Call("s3:GetObject", "arn:aws:s3:::bucket/a"),
            False,
            id="brackets are no wildcard",
        ),
    ],
)
def test_a_call_is_judged_by_the_policies(policies: list[dict[str, Any]], call: Call, expected: bool) -> None:
    assert allowed(Rights(tuple(policies)), call) is expected


def test_a_boundary_allows_nothing_by_itself() -> None:
    assert not allowed(Rights((), boundary=policy(Action="*")), Call("s3:GetObject"))


def test_what_a_boundary_leaves_out_is_refused() -> None:
    rights = Rights((policy(Action="*"),), boundary=policy(Action="s3:*"))
    assert allowed(rights, Call("s3:GetObject"))
    assert not allowed(rights, Call("ec2:RunInstances"))


def test_what_a_boundary_denies_is_refused() -> None:
    boundary = {"Statement": [policy(Action="*")["Statement"], {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}]}
    assert not allowed(Rights((policy(Action="*"),), boundary=boundary), Call("iam:CreateUser"))


@pytest.mark.parametrize(
    ("block", "context", "expected"),
    [
        ({"StringEquals": {"aws:RequestTag/a": "b"}}, {"aws:RequestTag/a": "b"}, True),
        ({"StringEquals": {"AWS:requesttag/A": "b"}}, {"aws:RequestTag/a": "b"}, True),
        ({"StringEquals": {"aws:RequestTag/a": ["b", "c"]}}, {"aws:RequestTag/a": "c"}, True),
        ({"StringEquals": {"aws:RequestTag/a": "b"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:RequestTag/a": "b"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:RequestTag/a": "b"}}, {"aws:RequestTag/a": "c"}, False),
        ({"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}}, {}, True),
        (
            {"StringNotEquals": {"aws:RequestedRegion": ["eu-central-1"]}},
            {"aws:RequestedRegion": "eu-central-1"},
            False,
        ),
        ({"StringLike": {"sub": "repo:example/*"}}, {"sub": "repo:example/patchbay"}, True),
        (
            {"ArnLike": {"aws:SourceArn": "arn:aws:eks:*:1:cluster/*"}},
            {"aws:SourceArn": "arn:aws:eks:x:1:cluster/a"},
            True,
        ),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:SecureTransport": "true"}, False),
        ({"Null": {"aws:RequestTag/a": "true"}}, {}, True),
        ({"Null": {"aws:RequestTag/a": "false"}}, {}, False),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, {"aws:SourceIp": "192.0.2.9"}, True),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a", "c"]}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:TagKeys": ["a"]}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a"]}}, {"aws:TagKeys": ["c", "a"]}, True),
    ],
)
def test_a_condition_holds_as_in_iam(block: Any, context: Any, expected: bool) -> None:
    assert hold(block, context) is expected


def test_an_operator_that_is_not_known_is_never_passed_over() -> None:
    with pytest.raises(NotImplementedError, match="BinaryEquals"):
        hold({"BinaryEquals": {"key": "value"}}, {"key": "value"})
