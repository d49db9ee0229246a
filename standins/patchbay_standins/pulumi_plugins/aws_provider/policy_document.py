"""`aws.iam.getPolicyDocument`: a policy in JSON from its structured form."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

_LISTS = {"actions": "Action", "notActions": "NotAction", "resources": "Resource", "notResources": "NotResource"}


def policy_document(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The function's result. `sourcePolicyDocuments` come first; `overridePolicyDocuments` replace by `sid`."""
    statements: list[dict[str, Any]] = []
    for text in arguments.get("sourcePolicyDocuments") or ():
        statements += _statements(text)
    statements = _merged(statements, (_statement(item) for item in arguments.get("statements") or ()))
    for text in arguments.get("overridePolicyDocuments") or ():
        statements = _merged(statements, _statements(text))
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = statements
    return {
        **arguments,
        "id": "policy",
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _statements(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)["Statement"]
    except (ValueError, KeyError, TypeError):
        message = "getPolicyDocument: a source or override document is no policy in JSON"
        raise ProviderError(message) from None
    return found if isinstance(found, list) else [found]


def _merged(base: list[dict[str, Any]], more: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    result = list(base)
    for statement in more:
        sid = statement.get("Sid")
        place = next((index for index, item in enumerate(result) if sid and item.get("Sid") == sid), None)
        if place is None:
            result.append(statement)
        else:
            result[place] = statement
    return result


def _statement(block: Mapping[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = {}
    if block.get("sid"):
        statement["Sid"] = block["sid"]
    statement["Effect"] = block.get("effect") or "Allow"
    for name, member in _LISTS.items():
        if block.get(name):
            statement[member] = _one_or_many(block[name])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if block.get(name):
            statement[member] = _principals(block[name])
    conditions: dict[str, dict[str, Any]] = {}
    for item in block.get("conditions") or ():
        conditions.setdefault(item["test"], {})[item["variable"]] = _one_or_many(item["values"])
    if conditions:
        statement["Condition"] = conditions
    return statement


def _principals(blocks: Iterable[Mapping[str, Any]]) -> Any:
    found: dict[str, list[str]] = {}
    for block in blocks:
        found.setdefault(block["type"], []).extend(block["identifiers"])
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _one_or_many(names) for kind, names in found.items()}


def _one_or_many(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else sorted(values)
