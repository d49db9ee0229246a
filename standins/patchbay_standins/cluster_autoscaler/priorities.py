"""Groups by priority, from the ConfigMap of upstream's `priority` expander.

Source of its name, its form and of what happens without it: `expander/priority` in the upstream project's repository.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Final

import yaml
from lightkube import Client
from lightkube.resources.core_v1 import ConfigMap
from pydantic import StrictInt, StrictStr, TypeAdapter, ValidationError

from patchbay_standins.cluster_autoscaler.expander import Option
from patchbay_standins.cluster_autoscaler.kube.client import unless_missing
from patchbay_standins.cluster_autoscaler.kube.events import Events

LOG: Final = logging.getLogger(__name__)

CONFIG_MAP: Final = "cluster-autoscaler-priority-expander"
KEY: Final = "priorities"
# Patterns by priority; one that is found anywhere in a group's name counts.
Ranks = Mapping[int, Sequence[re.Pattern[str]]]
_RANKS: Final = TypeAdapter(dict[StrictInt, list[StrictStr]])


class PrioritiesError(ValueError):
    """The ConfigMap cannot be understood."""


class Priorities:
    """Read again for each choice, so that a change counts at once."""

    def __init__(self, client: Client, events: Events, namespace: str) -> None:
        self._client = client
        self._events = events
        self._namespace = namespace

    def best(self, options: Sequence[Option]) -> Sequence[Option]:
        """Those of the highest priority: all of them where none has one, none where there is no valid ConfigMap."""
        try:
            ranks = parse(self._text())
        except PrioritiesError as error:
            self._warn("PriorityConfigMapInvalid", f"no group is chosen: {error}")
            return ()
        ranked = [(rank_of(option.group.name, ranks), option) for option in options]
        highest = max((rank for rank, _ in ranked if rank is not None), default=None)
        if highest is None:
            self._warn("PriorityConfigMapNoGroupMatched", "no group has a priority: all are taken for equal")
            return options
        for rank, option in ranked:
            if rank is None:
                self._warn("PriorityConfigMapNotMatchedGroup", f"group {option.group.name} has no priority")
        return [option for rank, option in ranked if rank == highest]

    def _text(self) -> str:
        found = unless_missing(lambda: self._client.get(ConfigMap, CONFIG_MAP, namespace=self._namespace))
        if found is None:
            raise PrioritiesError(f"ConfigMap {CONFIG_MAP} is missing")
        text = (found.data or {}).get(KEY)
        if not text:
            raise PrioritiesError(f"ConfigMap {CONFIG_MAP} has no {KEY}")
        return str(text)

    def _warn(self, reason: str, message: str) -> None:
        LOG.warning("expander priority: %s", message)
        self._events.of_config_map(CONFIG_MAP, reason, message, warning=True)


def parse(text: str) -> Ranks:
    """PrioritiesError says which priority is wrong."""
    try:
        listed = _RANKS.validate_python(yaml.safe_load(text))
    except yaml.YAMLError:
        raise PrioritiesError(f"{KEY} is no YAML") from None
    except ValidationError as error:
        (first, *_) = error.errors()
        where = ".".join(str(part) for part in (KEY, *first["loc"]))
        raise PrioritiesError(f"{where}: {first['msg']}") from None
    return {rank: [_compiled(rank, pattern) for pattern in patterns] for rank, patterns in listed.items()}


def rank_of(group: str, ranks: Ranks) -> int | None:
    """The highest priority that the group's name has; None: no pattern is found in it."""
    matching = (rank for rank, patterns in ranks.items() if any(pattern.search(group) for pattern in patterns))
    return max(matching, default=None)


def _compiled(rank: int, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise PrioritiesError(f"{KEY}.{rank}: {pattern} is no regular expression ({error})") from None
