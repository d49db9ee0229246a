"""Which providers are used, and the tags by which resources, bills and owners are found."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from patchbay_policies import taggable
from patchbay_policies.model import UNKNOWN, Environment, Resource, ResourceRule, Setting
from patchbay_policies.reading import at, items, joined, undecided

REQUIRED: Final = (
    "Name",
    "patchbay:environment",
    "patchbay:owner",
    "patchbay:cost-center",
    "patchbay:managed-by",
)

PROVIDERS: Final = ("aws", "kubernetes", "patchbay", "pulumi")


def _provider(resource: Resource, environment: Environment) -> Iterator[str]:
    package = resource.type.split(":", maxsplit=1)[0]
    if package == "pulumi" and resource.type.startswith("pulumi:providers:"):
        package = resource.type.rsplit(":", maxsplit=1)[-1]
    if package not in environment.settings["providers"]:
        yield f"provider {package} has not been reviewed"


def _tags(resource: Resource) -> Mapping[str, Any]:
    """By key; scaling groups have a list of blocks in place of a mapping."""
    tags = at(resource.props, "tags")
    if isinstance(tags, Mapping):
        return tags
    return {str(at(tag, "key")): at(tag, "value") for tag in items(tags)}


def _required(resource: Resource, environment: Environment) -> Iterator[str]:
    if resource.type not in taggable.types():
        return
    tags = _tags(resource)
    if undecided(at(resource.props, "tags")) and not tags:
        return
    if missing := set(environment.settings["required"]) - {key for key, value in tags.items() if value}:
        yield f"it has no tag {joined(list(missing))}"


def _environment(resource: Resource, environment: Environment) -> Iterator[str]:
    said = _tags(resource).get("patchbay:environment")
    if said not in {None, UNKNOWN, environment.name}:
        yield f"it is tagged as environment {said}, and deployed in {environment.name}"


RULES: Final = (
    ResourceRule(
        name="reviewed-providers-only",
        description="Resources come from providers that have been reviewed.",
        remedy="Use one of those, or have the provider reviewed and add it to this rule's setting providers.",
        types=frozenset(),
        settings={"providers": Setting(list(PROVIDERS), {"type": "array", "items": {"type": "string"}})},
        check=_provider,
    ),
    ResourceRule(
        name="tags-required",
        description="Everything that AWS can tag says its name, environment, owner, cost center and maker.",
        remedy="Set tags=context.tags(...).",
        types=frozenset(),
        package="aws",
        settings={"required": Setting(list(REQUIRED), {"type": "array", "items": {"type": "string"}})},
        check=_required,
    ),
    ResourceRule(
        name="tagged-as-this-environment",
        description="The environment tag names the environment that the resource is deployed in.",
        remedy="Take the tags from the environment's context.",
        types=frozenset(),
        package="aws",
        check=_environment,
    ),
)
