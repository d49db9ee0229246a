"""Which packages an environment holds, and which provider plugins they need."""

import json
import os
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from pulumi.runtime.proto import language_pb2, plugin_pb2

from patchbay_standins.pulumi_plugins.language_host.environment import Environment


def required(environment: Environment) -> Iterator[plugin_pb2.PackageDependency]:
    """The plugins of the installed Pulumi packages, as far as they are there.

    A plugin that is not there is left out: the engine would try to download it even if the program does not use it.
    """
    plugins = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"), "plugins")
    for site in environment.site_packages:
        for description in sorted(site.glob("*/pulumi-plugin.json")):
            content = json.loads(description.read_text())
            name, version = content.get("name"), content.get("version")
            if content.get("resource") and name and (plugins / f"resource-{name}-v{version}").exists():
                yield plugin_pb2.PackageDependency(name=name, kind="resource", version=version)


def installed(environment: Environment, *, transitive: bool) -> Iterator[language_pb2.DependencyInfo]:
    """The installed distributions; unless `transitive`, only those that no other one requires."""
    found = {
        distribution.metadata["Name"]: distribution
        for distribution in distributions(path=[str(site) for site in environment.site_packages])
    }
    needed = {
        _normal(requirement.split(";")[0].split("[")[0].split("<")[0].split(">")[0].split("=")[0].split("~")[0])
        for distribution in found.values()
        for requirement in distribution.requires or []
    }
    for name in sorted(found, key=str.lower):
        if transitive or _normal(name) not in needed:
            yield language_pb2.DependencyInfo(name=name, version=found[name].version)


def _normal(name: str) -> str:
    return name.strip(" !(").lower().replace("_", "-").replace(".", "-")
