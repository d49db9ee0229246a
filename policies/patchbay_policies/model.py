"""What rules look at and what they are, as plain data: nothing here knows the policy SDK."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Final


class Unknown(Enum):
    """The value of a property that is decided only while the update runs."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


class Level(Enum):
    """`MANDATORY` ends a preview or update non-zero, `ADVISORY` only shows."""

    MANDATORY = "mandatory"
    ADVISORY = "advisory"


@dataclass(frozen=True)
class Resource:
    """One resource of the program.

    `props`: inputs for a resource rule, outputs for a stack rule; unknown values are `UNKNOWN`.
    `references`: property -> URNs of the resources that its value was made from. Only stack rules are given them.
    `inputs`: for a stack rule, what the program asked for, where that is known: outputs also hold what others set.
    """

    type: str
    name: str
    props: Mapping[str, Any]
    urn: str = ""
    protect: bool = False
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    inputs: Mapping[str, Any] | None = None

    @property
    def asked(self) -> Mapping[str, Any]:
        """The inputs; the properties where they are not known, as when they are the same."""
        return self.props if self.inputs is None else self.inputs


@dataclass(frozen=True)
class Stack:
    """All resources of the types that a stack rule looks at."""

    resources: Sequence[Resource]

    def of(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type in types]

    def referenced(self, resource: Resource, prop: str, *types: str) -> list[Resource]:
        """The resources of these types that a property refers to; also before their ids are known."""
        urns = set(resource.references.get(prop, ()))
        return [other for other in self.of(*types) if other.urn in urns]

    def refers(self, resource: Resource, prop: str, other: Resource) -> bool:
        return other.urn in resource.references.get(prop, ())


@dataclass(frozen=True)
class Environment:
    """Where the resources are. `settings`: the rule's own, from the pack's config.

    `account`: the registered one of what is not production, else empty. `doubt`: why it counts as production though its
    config says that it is not. `own_account`, `own_region`: where the config says that everything is, empty where it
    does not.
    `trusted`: other accounts and organisations that something may be opened to.
    """

    stack: str
    name: str
    production: bool
    settings: Mapping[str, Any] = field(default_factory=dict)
    account: str = ""
    doubt: str = ""
    own_account: str = ""
    own_region: str = ""
    trusted: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Setting:
    """A rule's setting: its default, and its JSON schema type (`items` for arrays)."""

    default: Any
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """What is wrong, and with which resource."""

    resource: Resource
    problem: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What every rule has. `types`: the type tokens it looks at; empty: all, or all of `package`."""

    name: str
    description: str
    remedy: str
    types: frozenset[str]
    package: str = ""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    # What it cannot see, or sees only late; for the document of rules.
    limits: str = ""

    def __post_init__(self) -> None:
        if not self.description.endswith(".") or not self.remedy.endswith("."):
            message = f"rule {self.name}: description and remedy are sentences"
            raise ValueError(message)

    def message(self, finding: Finding) -> str:
        """What a reader of the preview sees: the resource, the rule, the remedy."""
        resource = finding.resource
        return f"{resource.name} ({resource.type}): {finding.problem}. Rule: {self.name}. Remedy: {self.remedy}"

    def applies(self, resource_type: str) -> bool:
        if self.types:
            return resource_type in self.types
        return not self.package or resource_type.startswith(f"{self.package}:")


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """Decided by one resource's inputs, before it is created or changed. `check` yields the problems."""

    level: Level = Level.MANDATORY
    check: Callable[[Resource, Environment], Iterable[str]]

    def findings(self, resource: Resource, environment: Environment) -> Iterable[Finding]:
        return (Finding(resource, problem) for problem in self.check(resource, environment))


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """Decided by how resources belong together: at the end of a preview, and at the end of an update."""

    level: ClassVar = Level.MANDATORY
    check: Callable[[Stack, Environment], Iterable[Finding]]

    def findings(self, stack: Stack, environment: Environment) -> Iterable[Finding]:
        return self.check(stack, environment)
