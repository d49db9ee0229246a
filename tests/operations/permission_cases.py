"""Policies and requests whose answer the IAM user guide has written down, for more than one evaluator.

`page`: of that guide. `differs`: what MiniStack says otherwise, and so is wrong by that page.
"""

from dataclasses import dataclass
from typing import Any, Final

from patchbay_operations.permissions.evaluation import Call

_OPERATORS: Final = "reference_policies_elements_condition_operators"
_LOGIC: Final = "reference_policies_evaluation-logic"
_MANY: Final = "reference_policies_condition-logic-multiple-context-keys-or-values"
_SETS: Final = "reference_policies_condition-single-vs-multi-valued-context-keys"
_SET_EXAMPLES: Final = "reference_policies_condition_examples-multi-valued-context-keys"
_VARIABLES: Final = "reference_policies_variables"
_BOUNDARIES: Final = "access_policies_boundaries"
_ACTION: Final = "reference_policies_elements_action"
_NOT_ACTION: Final = "reference_policies_elements_notaction"
_RESOURCE: Final = "reference_policies_elements_resource"
_NOT_RESOURCE: Final = "reference_policies_elements_notresource"
_CONDITION: Final = "reference_policies_elements_condition"

_OBJECT: Final = "arn:aws:s3:::bucket/key"
_TOPIC: Final = "arn:aws:sns:eu-central-1:111122223333:topic"


@dataclass(frozen=True)
class Case:
    title: str
    page: str
    statements: tuple[dict[str, Any], ...]
    call: Call
    allowed: bool
    boundary: tuple[dict[str, Any], ...] | None = None
    differs: str = ""


def _allow(action: str | list[str] = "s3:*", resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _deny(action: str | list[str] = "s3:*", resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {**_allow(action, resource, **more), "Effect": "Deny"}


def _get(**context: Any) -> Call:
    return Call("s3:GetObject", _OBJECT, {key.replace("__", ":"): value for key, value in context.items()})


def _if(
    title: str, page: str, block: dict[str, dict[str, Any]], context: dict[str, Any], holds: bool, *, differs: str = ""
) -> Case:
    call = Call("s3:GetObject", _OBJECT, context)
    return Case(title, page, (_allow(Condition=block),), call, holds, differs=differs)


_ELEMENTS: Final = (
    Case("nothing is allowed that no statement allows", _LOGIC, (), _get(), False),
    Case("an action that is named", _ACTION, (_allow("s3:GetObject"),), _get(), True),
    Case("actions have no case", _ACTION, (_allow("S3:getobject"),), _get(), True),
    Case("a * in an action", _ACTION, (_allow("s3:*Object"),), _get(), True),
    Case("a ? in an action is one letter", _ACTION, (_allow("s3:Get?bject"),), _get(), True),
    Case("a ? in an action is not two letters", _ACTION, (_allow("s3:Get?ject"),), _get(), False),
    Case("every action", _ACTION, (_allow("*"),), _get(), True),
    Case("another service's actions", _ACTION, (_allow("ec2:*"),), _get(), False),
    Case(
        "all actions but some", _NOT_ACTION, ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},), _get(), True
    ),
    Case(
        "one of those that are left out",
        _NOT_ACTION,
        ({"Effect": "Allow", "NotAction": ["iam:*", "s3:Get*"], "Resource": "*"},),
        _get(),
        False,
    ),
    Case(
        "what a denial of all but some leaves out",
        _NOT_ACTION,
        (_allow(), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}),
        _get(),
        True,
    ),
    Case(
        "what a denial of all but some covers",
        _NOT_ACTION,
        (_allow("*"), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}),
        Call("ec2:RunInstances"),
        False,
    ),
    Case("a resource that is named", _RESOURCE, (_allow(resource=_OBJECT),), _get(), True),
    Case("resources have case", _RESOURCE, (_allow(resource="arn:aws:s3:::Bucket/key"),), _get(), False),
    Case("a * in a resource goes over slashes", _RESOURCE, (_allow(resource="arn:aws:s3:::bucket*"),), _get(), True),
    Case("a ? in a resource", _RESOURCE, (_allow(resource="arn:aws:s3:::bucket/k?y"),), _get(), True),
    Case("brackets are no wildcard", _RESOURCE, (_allow(resource="arn:aws:s3:::bucket/[k]ey"),), _get(), False),
    Case("another resource", _RESOURCE, (_allow(resource="arn:aws:s3:::bucket"),), _get(), False),
    Case(
        "all resources but some",
        _NOT_RESOURCE,
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"},),
        _get(),
        True,
    ),
    Case(
        "one of those resources",
        _NOT_RESOURCE,
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::bucket/*"},),
        _get(),
        False,
    ),
    Case("a denial wins over what allows", _LOGIC, (_allow("*"), _deny()), _get(), False),
    Case("a denial that comes first wins as well", _LOGIC, (_deny(), _allow("*")), _get(), False),
    Case("a denial of something else", _LOGIC, (_allow("*"), _deny("iam:*")), _get(), True),
    Case(
        "a denial whose condition does not hold",
        _LOGIC,
        (_allow(), _deny(Condition={"Bool": {"aws:SecureTransport": "true"}})),
        _get(),
        True,
    ),
    Case(
        "a denial by a key that is not there",
        _OPERATORS,
        (_allow(), _deny(Condition={"StringNotEquals": {"aws:PrincipalTag/team": "red"}})),
        _get(),
        False,
    ),
)

_LIMITS: Final = (
    Case("a boundary allows nothing by itself", _BOUNDARIES, (), _get(), False, boundary=(_allow("*"),)),
    Case("what policy and boundary allow", _BOUNDARIES, (_allow("*"),), _get(), True, boundary=(_allow(),)),
    Case("what the boundary leaves out", _BOUNDARIES, (_allow("*"),), _get(), False, boundary=(_allow("ec2:*"),)),
    Case(
        "what the boundary denies", _BOUNDARIES, (_allow("*"),), _get(), False, boundary=(_allow("*"), _deny("s3:Get*"))
    ),
    Case(
        "a boundary whose condition does not hold",
        _BOUNDARIES,
        (_allow("*"),),
        _get(),
        False,
        boundary=(_allow(Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}),),
    ),
)

_TEAM: Final = "aws:PrincipalTag/team"
_RED: Final = {_TEAM: "red"}
_CONDITIONS: Final = (
    _if("text that is equal", _OPERATORS, {"StringEquals": {_TEAM: "red"}}, _RED, True),
    _if("text in another case", _OPERATORS, {"StringEquals": {_TEAM: "Red"}}, _RED, False),
    _if("the name of a key has no case", _CONDITION, {"StringEquals": {"AWS:principaltag/TEAM": "red"}}, _RED, True),
    _if("text without regard to case", _OPERATORS, {"StringEqualsIgnoreCase": {_TEAM: "RED"}}, _RED, True),
    _if("no * in StringEquals", _OPERATORS, {"StringEquals": {_TEAM: "r*"}}, _RED, False),
    _if("a * in StringLike", _OPERATORS, {"StringLike": {_TEAM: "r*"}}, _RED, True),
    _if("StringLike has case", _OPERATORS, {"StringLike": {_TEAM: "R*"}}, _RED, False),
    _if("StringNotLike", _OPERATORS, {"StringNotLike": {_TEAM: "b*"}}, _RED, True),
    _if("one of several values", _MANY, {"StringEquals": {_TEAM: ["blue", "red"]}}, _RED, True),
    _if("none of several values", _MANY, {"StringNotEquals": {_TEAM: ["blue", "red"]}}, _RED, False),
    _if("both of two keys", _MANY, {"StringEquals": {_TEAM: "red", "aws:PrincipalTag/rank": "1"}}, _RED, False),
    _if(
        "both of two operators",
        _MANY,
        {"StringEquals": {_TEAM: "red"}, "StringLike": {"aws:PrincipalTag/rank": "?"}},
        {**_RED, "aws:PrincipalTag/rank": "12"},
        False,
    ),
    _if("a key that is not there", _OPERATORS, {"StringEquals": {_TEAM: "red"}}, {}, False),
    _if("a * wants the key to be there", _OPERATORS, {"StringLike": {_TEAM: "*"}}, {}, False),
    _if("not equal to a key that is not there", _OPERATORS, {"StringNotEquals": {_TEAM: "red"}}, {}, True),
    _if("if it exists, and it does not", _OPERATORS, {"StringEqualsIfExists": {_TEAM: "red"}}, {}, True),
    _if("if it exists, and it does", _OPERATORS, {"StringEqualsIfExists": {_TEAM: "blue"}}, _RED, False),
    _if("a key that has to be missing, and is", _OPERATORS, {"Null": {_TEAM: "true"}}, {}, True),
    _if("a key that has to be missing, and is not", _OPERATORS, {"Null": {_TEAM: "true"}}, _RED, False),
    _if("a key that has to be there, and is", _OPERATORS, {"Null": {_TEAM: "false"}}, _RED, True),
    _if(
        "a truth",
        _OPERATORS,
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        {"kms:GrantIsForAWSResource": "true"},
        True,
    ),
    _if("a truth that is not there", _OPERATORS, {"Bool": {"kms:GrantIsForAWSResource": "false"}}, {}, False),
    _if("a truth if it exists", _OPERATORS, {"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}}, {}, True),
    _if("a number below", _OPERATORS, {"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "9"}, True),
    _if("a number at the limit", _OPERATORS, {"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, False),
    _if("or equal", _OPERATORS, {"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, True),
    _if("at least", _OPERATORS, {"NumericGreaterThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "10"}, True),
    _if("another number", _OPERATORS, {"NumericNotEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": "11"}, True),
    _if(
        "a time after",
        _OPERATORS,
        {"DateGreaterThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}},
        {"aws:TokenIssueTime": "2026-01-02T00:00:00Z"},
        True,
    ),
    _if(
        "a time as seconds since 1970",
        _OPERATORS,
        {"DateLessThan": {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"}},
        {"aws:TokenIssueTime": "1767139200"},
        True,
    ),
    _if("ArnLike", _OPERATORS, {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:top*"}}, {"aws:SourceArn": _TOPIC}, True),
    _if(
        "a * in ArnEquals",
        _OPERATORS,
        {"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:*:*"}},
        {"aws:SourceArn": _TOPIC},
        True,
    ),
    _if(
        "ARNs have case",
        _OPERATORS,
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:TOPIC"}},
        {"aws:SourceArn": _TOPIC},
        False,
    ),
    _if(
        "a * in an ARN stands for no colon",
        _OPERATORS,
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}},
        {"aws:SourceArn": _TOPIC},
        False,
        differs="it compares ARNs as a whole, and not each of the six parts",
    ),
    _if(
        "a * in StringLike stands for colons as well",
        _OPERATORS,
        {"StringLike": {"aws:SourceArn": "arn:aws:sns:*:topic"}},
        {"aws:SourceArn": _TOPIC},
        True,
    ),
    _if(
        "not that ARN",
        _OPERATORS,
        {"ArnNotLike": {"aws:SourceArn": "arn:aws:sqs:*:*:*"}},
        {"aws:SourceArn": _TOPIC},
        True,
    ),
)

_KEYS: Final = "aws:TagKeys"
_SETS_OF_VALUES: Final = (
    _if("all of the values", _SETS, {"ForAllValues:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: ["a", "b"]}, True),
    _if("all, and one more", _SETS, {"ForAllValues:StringEquals": {_KEYS: ["a", "b"]}}, {_KEYS: ["a", "c"]}, False),
    _if("all of none", _SETS, {"ForAllValues:StringEquals": {_KEYS: ["a"]}}, {}, True),
    _if(
        "all of none, where there have to be some",
        _SET_EXAMPLES,
        {"ForAllValues:StringEquals": {_KEYS: ["a"]}, "Null": {_KEYS: "false"}},
        {},
        False,
        differs="a request without tags has an empty list of their keys there, which it takes for a key that is there",
    ),
    _if("any of the values", _SETS, {"ForAnyValue:StringEquals": {_KEYS: ["a"]}}, {_KEYS: ["c", "a"]}, True),
    _if("any, and there is none of them", _SETS, {"ForAnyValue:StringEquals": {_KEYS: ["a"]}}, {_KEYS: ["c"]}, False),
    _if("any of none", _SETS, {"ForAnyValue:StringEquals": {_KEYS: ["a"]}}, {}, False),
    _if("none of all", _SET_EXAMPLES, {"ForAllValues:StringNotLike": {_KEYS: "key1*"}}, {_KEYS: ["key1:legal"]}, False),
    _if(
        "all are others", _SET_EXAMPLES, {"ForAllValues:StringNotLike": {_KEYS: "key1*"}}, {_KEYS: ["key2:audit"]}, True
    ),
    _if("others, of none", _SET_EXAMPLES, {"ForAllValues:StringNotLike": {_KEYS: "key1*"}}, {}, True),
    _if("any other", _SETS, {"ForAnyValue:StringNotEquals": {_KEYS: ["a"]}}, {_KEYS: ["a", "b"]}, True),
    _if("any other, of none", _SETS, {"ForAnyValue:StringNotEquals": {_KEYS: ["a"]}}, {}, False),
)

_NO_VARIABLES: Final = "it fills in no policy variables"
_FILLED_IN: Final = (
    Case(
        "a variable in a resource",
        _VARIABLES,
        (_allow(resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*"),),
        Call("s3:GetObject", "arn:aws:s3:::bucket/red/key", _RED),
        True,
        differs=_NO_VARIABLES,
    ),
    Case(
        "a variable without a value",
        _VARIABLES,
        (_allow(resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*"),),
        Call("s3:GetObject", "arn:aws:s3:::bucket//key"),
        False,
    ),
    _if(
        "a variable in a condition",
        _VARIABLES,
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {**_RED, "aws:ResourceTag/team": "red"},
        True,
        differs=_NO_VARIABLES,
    ),
    _if(
        "a variable in a condition, of another value",
        _VARIABLES,
        {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
        {**_RED, "aws:ResourceTag/team": "blue"},
        False,
    ),
)

_ADDRESSES: Final = (
    _if(
        "an address in a network",
        _OPERATORS,
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"aws:SourceIp": "192.0.2.9"},
        True,
    ),
    _if(
        "an address outside",
        _OPERATORS,
        {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"aws:SourceIp": "192.0.2.9"},
        False,
    ),
    _if(
        "one of two networks",
        _OPERATORS,
        {"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "192.0.2.9"]}},
        {"aws:SourceIp": "192.0.2.9"},
        True,
    ),
)

CASES: Final = (*_ELEMENTS, *_LIMITS, *_CONDITIONS, *_SETS_OF_VALUES, *_FILLED_IN, *_ADDRESSES)
