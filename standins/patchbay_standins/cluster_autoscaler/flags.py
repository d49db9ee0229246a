"""The upstream program's command line: its names, its way of writing them, its defaults.

A flag that this program does not act on is accepted and named in the log, so that one set of arguments starts
either program; a flag that upstream does not have either is refused.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, get_type_hints

from patchbay_standins.cluster_autoscaler import durations
from patchbay_standins.cluster_autoscaler.durations import Seconds
from patchbay_standins.cluster_autoscaler.upstream_flags import BOOLEANS, WITH_VALUES

LOG: Final = logging.getLogger(__name__)

Repeated = Annotated[tuple[str, ...], "one value each time that the flag is given"]
Listed = Annotated[tuple[str, ...], "values with commas between, and more when the flag is given again"]


class FlagError(ValueError):
    """The command line cannot be understood."""


@dataclass(frozen=True)
class Options:
    """What the program acts on; a field's flag is its name with dashes. Durations are in seconds."""

    cloud_provider: str = "aws"
    cloud_config: str = ""
    node_group_auto_discovery: Repeated = ()
    nodes: Repeated = ()
    aws_use_static_instance_list: bool = False
    kubeconfig: str = ""
    kubernetes: str = ""
    namespace: str = "kube-system"
    user_agent: str = "cluster-autoscaler"
    address: str = ":8085"
    scan_interval: Seconds = 10
    max_inactivity: Seconds = 600
    max_failing_time: Seconds = 900

    leader_elect: bool = True
    leader_elect_lease_duration: Seconds = 15
    leader_elect_renew_deadline: Seconds = 10
    leader_elect_retry_period: Seconds = 2
    leader_elect_resource_name: str = "cluster-autoscaler"
    leader_elect_resource_namespace: str = ""

    emit_per_nodegroup_metrics: bool = False
    write_status_configmap: bool = True
    status_config_map_name: str = "cluster-autoscaler-status"
    v: int = 0

    bypassed_scheduler_names: Listed = ()
    new_pod_scale_up_delay: Seconds = 0
    expendable_pods_priority_cutoff: int = -10
    expander: str = "least-waste"
    balance_similar_node_groups: bool = False
    balancing_ignore_label: Repeated = ()
    balancing_label: Repeated = ()
    memory_difference_ratio: float = 0.015
    max_allocatable_difference_ratio: float = 0.05
    max_nodes_total: int = 0
    max_nodes_per_scaleup: int = 1000
    max_node_provision_time: Seconds = 900
    initial_node_group_backoff_duration: Seconds = 300
    max_node_group_backoff_duration: Seconds = 1800
    node_group_backoff_reset_timeout: Seconds = 10_800
    enforce_node_group_min_size: bool = False
    scale_up_from_zero: bool = True
    max_total_unready_percentage: float = 45.0
    ok_total_unready_count: int = 3
    startup_taint: Repeated = ()
    status_taint: Repeated = ()
    ignore_taint: Repeated = ()
    force_delete_unregistered_nodes: bool = False

    scale_down_enabled: bool = True
    scale_down_unready_enabled: bool = True
    scale_down_utilization_threshold: float = 0.5
    ignore_daemonsets_utilization: bool = False
    ignore_mirror_pods_utilization: bool = False
    scale_down_unneeded_time: Seconds = 600
    scale_down_unready_time: Seconds = 1200
    scale_down_delay_after_add: Seconds = 600
    scale_down_delay_after_delete: Seconds = 0
    scale_down_delay_after_failure: Seconds = 180
    max_scale_down_parallelism: int = 10
    max_drain_parallelism: int = 1
    unremovable_node_recheck_timeout: Seconds = 300
    max_bulk_soft_taint_count: int = 10
    max_graceful_termination_sec: int = 600
    max_pod_eviction_time: Seconds = 120
    node_delete_delay_after_taint: Seconds = 5
    cordon_node_before_terminating: bool = False
    skip_nodes_with_system_pods: bool = True
    skip_nodes_with_local_storage: bool = True
    skip_nodes_with_custom_controller_pods: bool = True

    @property
    def ignored_taints(self) -> frozenset[str]:
        """Keys of the taints that a new node loses once it has started."""
        return frozenset((*self.startup_taint, *self.status_taint, *self.ignore_taint))

    @property
    def delay_after_delete(self) -> float:
        """As upstream: a scan's length unless it is set."""
        return self.scale_down_delay_after_delete or self.scan_interval


def parse(arguments: Sequence[str]) -> Options:
    """The options of a command line without the program's name. FlagError says what is wrong with it."""
    hints = get_type_hints(Options, include_extras=True)
    own = {field.name.replace("_", "-"): hints[field.name] for field in fields(Options)}
    given: dict[str, Any] = {}
    for name, text in _pairs(arguments, _booleans(own)):
        if name not in own:
            LOG.info("the flag --%s of the upstream program is accepted and has no effect here", name)
            continue
        key = name.replace("-", "_")
        try:
            value = _PARSERS[own[name]](text)
        except ValueError as error:
            raise FlagError(f"--{name}: {error}") from None
        given[key] = (*given[key], *value) if isinstance(value, tuple) and key in given else value
    options = Options(**given)
    _check(options)
    return options


def _booleans(own: dict[str, Any]) -> frozenset[str]:
    return BOOLEANS | {name for name, kind in own.items() if kind is bool}


def _pairs(arguments: Sequence[str], booleans: frozenset[str]) -> Iterator[tuple[str, str]]:
    known = {field.name.replace("_", "-") for field in fields(Options)} | WITH_VALUES | BOOLEANS
    remaining = iter(arguments)
    for argument in remaining:
        if not argument.startswith("-") or argument.strip("-") == "":
            raise FlagError(f"{argument!r} is no flag: flags start with --")
        name, assigned, text = argument.lstrip("-").partition("=")
        name = name.replace("_", "-")  # upstream reads both
        if name not in known:
            raise FlagError(f"unknown flag --{name}: the cluster autoscaler has no such flag")
        if not assigned:
            text = "true" if name in booleans else next(remaining, "")
            if not text:
                raise FlagError(f"--{name} needs a value")
        yield name, text


def _boolean(text: str) -> bool:
    if text in ("1", "t", "T", "true", "TRUE", "True"):
        return True
    if text in ("0", "f", "F", "false", "FALSE", "False"):
        return False
    raise ValueError(f"{text!r} is neither true nor false")


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


_PARSERS: Final[dict[Any, Callable[[str], Any]]] = {
    bool: _boolean,
    int: int,
    float: float,
    str: str,
    Seconds: durations.parse,
    Repeated: lambda text: (text,),
    Listed: _split,
}


def _check(options: Options) -> None:
    if options.cloud_provider != "aws":
        raise FlagError("--cloud-provider: only aws is known here")
    if not options.nodes and not options.node_group_auto_discovery:
        raise FlagError("no node groups: set --node-group-auto-discovery or --nodes")
    if options.scan_interval <= 0:
        raise FlagError("--scan-interval must be longer than 0s")
    if options.balancing_label and options.balancing_ignore_label:
        raise FlagError("--balancing-label and --balancing-ignore-label exclude each other: set one")
    if options.leader_elect_renew_deadline >= options.leader_elect_lease_duration:
        raise FlagError("--leader-elect-renew-deadline must be shorter than --leader-elect-lease-duration")
