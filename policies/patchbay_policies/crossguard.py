"""The rules as a CrossGuard policy pack: the one place that knows the policy SDK."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from patchbay_policies.exceptions import excepted
from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, ResourceRule, Rule, Stack, StackRule

NAME: Final = "patchbay"
STACK_POLICY: Final = "resources-together"


class RuleFailedError(Exception):
    """A rule itself is wrong: nothing is known about the resource, so that the update must not go on."""


class _Analyzed(threading.local):
    """The resource that the SDK shows the policies one after the other, all in one thread."""

    resource: Resource | None = None

    def __init__(self, inputs: dict[str, Mapping[str, Any]]) -> None:
        """`inputs`: of every resource that was shown, by URN; of all threads."""
        self.inputs = inputs


class ResourcePolicy(ResourceValidationPolicy):
    """A resource rule.

    The SDK decodes the resource anew for each policy. The first policy, of a rule for every type, leaves it in
    `analyzed`; the others decline what is not theirs before the SDK decodes it. Were the first one disabled by the
    pack's config, each would be shown every resource, and answer the same more slowly.
    """

    def __init__(self, rule: ResourceRule, environment: Environment, analyzed: _Analyzed, *, first: bool) -> None:
        super().__init__(validate=self._validate, **_description(rule))
        self._rule = rule
        self._environment = environment
        self._analyzed = analyzed
        self._first = first

    def has_validation(self) -> bool:
        resource = self._analyzed.resource
        return self._first or resource is None or self._rule.applies(resource.type)

    def _validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = None if self._first else self._analyzed.resource
        if resource is None:
            resource = _resource(args.resource_type, args.name, args.props, args.urn, protect=args.opts.protect)
        if self._first:
            self._analyzed.resource = resource
            self._analyzed.inputs[resource.urn] = resource.props
        if self._rule.applies(resource.type):
            environment = _with_settings(self._environment, self._rule, args.get_config())
            for finding in _run(self._rule, partial(self._rule.findings, resource, environment), resource.urn):
                report(self._rule.message(finding), None)


class StackPolicy(StackValidationPolicy):
    """All stack rules.

    The SDK decodes the whole stack anew for each policy, which takes longer than all rules together. So they share
    one; its config names those that are off, and holds the settings of each.
    """

    def __init__(
        self,
        rules: Sequence[StackRule],
        environment: Environment,
        inputs: Mapping[str, Mapping[str, Any]],
    ) -> None:
        properties: dict[str, dict[str, Any]] = {
            rule.name: {"type": "object", "properties": _schema(rule), "additionalProperties": False}
            for rule in rules
            if rule.settings
        }
        properties["disabled"] = {
            "type": "array",
            "items": {"type": "string", "enum": [rule.name for rule in rules]},
            "default": [],
        }
        super().__init__(
            name=STACK_POLICY,
            description="Resources fit each other.",
            enforcement_level=EnforcementLevel.MANDATORY,
            config_schema=PolicyConfigSchema(properties),
            validate=self._validate,
        )
        self._rules = rules
        self._environment = environment
        self._inputs = inputs

    def _validate(self, args: StackValidationArgs, report: ReportViolation) -> None:
        config = args.get_config()
        rules = [rule for rule in self._rules if rule.name not in config.get("disabled", ())]
        types = frozenset().union(*(rule.types for rule in rules))
        shown = [found for found in args.resources if found.resource_type in types]
        resources = [_with_references(found, self._inputs.get(found.urn)) for found in shown]
        for rule in rules:
            stack = Stack([resource for resource in resources if rule.applies(resource.type)])
            environment = _with_settings(self._environment, rule, config.get(rule.name))
            for finding in _run(rule, partial(rule.findings, stack, environment), "the stack"):
                report(rule.message(finding), finding.resource.urn)


def policies(rules: Sequence[ResourceRule | StackRule], environment: Environment) -> list[Policy]:
    """The rules as policies, a rule for every type first: see `ResourcePolicy`."""
    inputs: dict[str, Mapping[str, Any]] = {}
    analyzed = _Analyzed(inputs)
    single = sorted((rule for rule in rules if isinstance(rule, ResourceRule)), key=_selective)
    together = [rule for rule in rules if isinstance(rule, StackRule)]
    return [
        *(ResourcePolicy(rule, environment, analyzed, first=not index) for index, rule in enumerate(single)),
        *([StackPolicy(together, environment, inputs)] if together else []),
    ]


def serve(rules: Sequence[ResourceRule | StackRule], environment: Environment) -> None:
    """Answers the engine until it ends the process."""
    PolicyPack(NAME, policies(rules, environment), enforcement_level=EnforcementLevel.MANDATORY)


def _selective(rule: ResourceRule) -> bool:
    return bool(rule.types or rule.package)


def _description(rule: ResourceRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "description": rule.description,
        "enforcement_level": EnforcementLevel(rule.level.value),
        "config_schema": PolicyConfigSchema(_schema(rule)) if rule.settings else None,
        "remediation_steps": rule.remedy,
    }


def _schema(rule: Rule) -> dict[str, dict[str, Any]]:
    return {name: {**setting.schema, "default": setting.default} for name, setting in rule.settings.items()}


def _with_settings(environment: Environment, rule: Rule, config: Mapping[str, Any] | None) -> Environment:
    settings = {name: setting.default for name, setting in rule.settings.items()} | dict(config or {})
    return replace(environment, settings=settings)


def _run(rule: Rule, findings: Callable[[], Iterable[Finding]], subject: str) -> list[Finding]:
    try:
        return [finding for finding in findings() if not excepted(rule, finding.resource)]
    except Exception as error:
        message = (
            f"rule {rule.name} failed on {subject}: {type(error).__name__}: {error}. This is a fault of the rule: "
            "correct it, or switch it off with a policy config while that is done"
        )
        raise RuleFailedError(message) from error


def _resource(
    resource_type: str,
    name: str,
    props: Mapping[str, Any],
    urn: str,
    *,
    protect: bool,
    references: Mapping[str, Sequence[str]] | None = None,
    inputs: Mapping[str, Any] | None = None,
) -> Resource:
    return Resource(resource_type, name, _plain(props), urn, protect, references or {}, inputs)


def _with_references(found: PolicyResource, inputs: Mapping[str, Any] | None) -> Resource:
    references = {name: [other.urn for other in others] for name, others in found.property_dependencies.items()}
    return _resource(
        found.resource_type,
        found.name,
        found.props,
        found.urn,
        protect=found.opts.protect,
        references=references,
        inputs=inputs,
    )


def _plain(value: Any) -> Any:
    """The SDK's guarded values as plain data: where it would raise about an unknown value, UNKNOWN stands."""
    if isinstance(value, Mapping):
        return {key: _guarded(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_guarded(value, index) for index in range(len(value))]
    return value


def _guarded(values: Any, key: Any) -> Any:
    try:
        return _plain(values[key])
    except UnknownValueError:
        return UNKNOWN
