"""The cluster autoscaler's configuration: each flag that matters, and why it is what it is."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from patchbay_config.model import Model
from pydantic import AfterValidator, Field, field_validator, model_validator

from patchbay_platform.images import Image
from patchbay_platform.priority import HEADROOM_PRIORITY

# For how long it takes what it knows of a node group for true.
_GROUP_CACHE_SECONDS: Final = 60

Seconds = Annotated[int, Field(ge=0, le=24 * 3600)]
Some = Annotated[int, Field(ge=1, le=24 * 3600)]
Expander = Literal["priority", "least-waste", "least-nodes", "most-pods", "random"]


def _go_pattern(pattern: str) -> str:
    """What Python's and Go's regular expressions have in common, a little less: nothing with (? and no references."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(
            f"no regular expression ({error}); write a part of the group's name, like flows-spot"
        ) from None
    if "(?" in pattern or re.search(r"\\[1-9]", pattern):
        raise ValueError(
            "the cluster autoscaler is written in Go, which has only some of (? and no references; write it without"
        )
    return pattern


Pattern = Annotated[str, Field(min_length=1), AfterValidator(_go_pattern)]


class ScaleDownConfig(Model):
    """When a node is given back. Times in seconds."""

    # A lull between two bursts should not cost the second one a node's start.
    unneeded: Some = 600
    # A node that stopped answering may come back from a restart.
    unready: Some = 1200
    # Requested CPU or memory, whichever is more; above it, moving the pods costs more than the node.
    utilization_threshold: Annotated[float, Field(gt=0, le=1)] = 0.5
    # A new node is empty until the pods are there that it was started for.
    after_add: Seconds = 600
    # 0: the next look follows at once; what was unneeded together goes together.
    after_delete: Seconds = 0
    # What could not be removed will hardly be removable a moment later.
    after_failure: Seconds = 180
    # A node whose pods fitted nowhere else is not simulated again in every loop.
    unremovable_recheck: Some = 300
    # A worker leaves when it has finished; it is killed after this, so it is never less than a worker's own grace.
    max_graceful_termination: Some = 600
    # Disruption budgets let the pods of a shape go one after the other, each when it has finished.
    max_pod_eviction: Some = 900
    # One node's pods at a time look for another place.
    max_drained_at_once: Annotated[int, Field(ge=1, le=100)] = 1
    max_deleted_at_once: Annotated[int, Field(ge=1, le=1000)] = 10
    # The scheduler may not have seen the taint yet, and put a pod on the node.
    delete_delay: Seconds = 5
    # Nothing is scheduled on a node that goes, not even what tolerates the taint.
    cordon: bool = True
    # What runs on every node says nothing about whether a node is needed.
    ignore_daemon_sets: bool = True
    # EKS' own have disruption budgets; with true, one replica of CoreDNS would keep a node for an hour.
    skip_nodes_with_system_pods: bool = False
    # Each worker has a directory for temporary files, so with true no worker's node would ever go. Pods whose local
    # data must stay say so themselves.
    skip_nodes_with_local_storage: bool = False

    @model_validator(mode="after")
    def _evicted_before_killed(self) -> Self:
        if self.max_pod_eviction < self.max_graceful_termination:
            raise ValueError(
                "maxPodEviction is below maxGracefulTermination, so that a pod is given up while the one before it "
                "still finishes; raise it"
            )
        return self


class ScaleUpConfig(Model):
    """When a node is asked for. Times in seconds."""

    # Asked in turn until one group is left; chance decides between equals. The group that the pods fill best: idle CPU
    # is paid for. Each zone's group is as good, see balance_similar_groups.
    expanders: Annotated[tuple[Expander, ...], Field(min_length=1)] = ("least-waste",)
    # For `priority`: what is found in names of groups, by number. The highest wins while it has room and AWS capacity.
    priorities: Mapping[Annotated[int, Field(ge=1)], Annotated[tuple[Pattern, ...], Field(min_length=1)]] = {}
    # Zonal groups grow alike, so that the loss of a zone takes a third of the pods.
    balance_similar_groups: bool = True
    # A node that is not there by then is given up, and another group is tried.
    max_node_provision: Some = 900
    # A group without capacity is left alone for this long, twice as long the next time, up to the most.
    initial_backoff: Some = 300
    max_backoff: Some = 1800
    # Pods of these schedulers are looked at when they are made; else only when they are 2 s old.
    bypassed_schedulers: tuple[str, ...] = ("default-scheduler",)
    # Over all groups, beside their own maxima; 0: those alone.
    max_nodes_total: Annotated[int, Field(ge=0, le=5000)] = 0
    # Pods below it bring no node, and are in no node's way. The headroom's placeholders are above.
    expendable_priority_cutoff: Annotated[int, Field(ge=-1_000_000, le=HEADROOM_PRIORITY)] = -10
    # Above both, something else than nodes is broken, and nothing is scaled: a lost zone is not yet that.
    max_unready_percentage: Annotated[int, Field(ge=0, le=100)] = 45
    unready_always_allowed: Annotated[int, Field(ge=0, le=1000)] = 3

    @field_validator("max_node_provision")
    @classmethod
    def _after_the_group_was_asked(cls, seconds: int) -> int:
        if seconds <= _GROUP_CACHE_SECONDS:
            raise ValueError(
                f"what is known of a group may be {_GROUP_CACHE_SECONDS} s old: capacity would be taken back before "
                "the new instance is seen, and a live node may be the one that goes; "
                f"set it above {_GROUP_CACHE_SECONDS}"
            )
        return seconds

    @field_validator("expanders")
    @classmethod
    def _each_expander_once(cls, expanders: tuple[Expander, ...]) -> tuple[Expander, ...]:
        if len(set(expanders)) < len(expanders):
            raise ValueError("one stands twice, and decides nothing the second time; remove it")
        return expanders

    @model_validator(mode="after")
    def _priorities_for_their_expander(self) -> Self:
        if "priority" in self.expanders and not self.priorities:
            raise ValueError("expanders names priority, which grows no group without priorities; set them")
        if self.priorities and "priority" not in self.expanders:
            raise ValueError("priorities count for the expander priority alone; put it into expanders")
        return self

    @model_validator(mode="after")
    def _backoff_in_order(self) -> Self:
        if self.max_backoff < self.initial_backoff:
            raise ValueError("maxBackoff is below initialBackoff; raise it")
        return self


class ClusterAutoscalerConfig(Model):
    """`image`: in place of the image lock's. `replicas`: one works, the others wait to take over.

    `aws_endpoint`: the address of an emulated AWS; without it, AWS itself is called with the pod's own identity.
    """

    image: Image | None = None
    replicas: Annotated[int, Field(ge=1, le=3)] = 2
    cpu: str = "100m"
    # Upstream's own figure; it holds every pod and node of the cluster.
    memory: Annotated[str, Field(pattern=r"^[1-9][0-9]*(Mi|Gi)$")] = "600Mi"
    verbosity: Annotated[int, Field(ge=0, le=10)] = 2
    aws_endpoint: str | None = None
    # A pending pod waits half of it on average; each look costs the API server nothing, and CPU in proportion to pods.
    scan_interval: Annotated[int, Field(ge=1, le=300)] = 10
    scale_up: ScaleUpConfig = ScaleUpConfig()
    scale_down: ScaleDownConfig = ScaleDownConfig()

    @field_validator("aws_endpoint")
    @classmethod
    def _address_alone(cls, address: str | None) -> str | None:
        if address is not None:
            try:
                if address != "http://{}:{}".format(*_host_and_port(address)):
                    raise ValueError
            except ValueError:
                raise ValueError(
                    "not the address of an emulator; write it like http://192.0.2.1:5601, or remove it"
                ) from None
        return address

    @model_validator(mode="after")
    def _looked_at_within_the_time(self) -> Self:
        if self.scale_down.unneeded < self.scan_interval:
            raise ValueError("scaleDown.unneeded is below scanInterval, so that one look decides; raise it")
        return self

    @property
    def emulator(self) -> tuple[IPv4Address, int] | None:
        """The address and the port of the emulated AWS."""
        return _host_and_port(self.aws_endpoint) if self.aws_endpoint else None

    def faults(self, longest_grace: int, of: str) -> Iterator[str]:
        """`longest_grace`: seconds in which pods of the workload `of` may finish after they were told to leave."""
        if self.scale_down.max_graceful_termination < longest_grace:
            yield (
                f"scaleDown.maxGracefulTermination: {of} may take {longest_grace} s to finish, and would be killed; "
                f"set it to {longest_grace} or more"
            )


def _host_and_port(address: str) -> tuple[IPv4Address, int]:
    parts = urlsplit(address)
    return IPv4Address(parts.hostname or ""), parts.port or 0
