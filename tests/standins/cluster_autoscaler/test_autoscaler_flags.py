"""The upstream program's command lines are understood."""

import logging
from pathlib import Path

import pytest
import yaml
from patchbay_standins.cluster_autoscaler import durations, flags
from patchbay_standins.cluster_autoscaler.aws.clients import CloudConfigError, parse_overrides, region
from patchbay_standins.cluster_autoscaler.aws.groups import (
    DiscoveryError,
    NamedGroup,
    TagFilter,
    parse_discovery,
    parse_named,
)
from patchbay_standins.cluster_autoscaler.expander import Expander, ExpanderError
from patchbay_standins.cluster_autoscaler.flags import FlagError
from patchbay_standins.cluster_autoscaler.kube.client import ConnectionSettingsError, connect
from patchbay_standins.cluster_autoscaler.objects import amount

GROUP = "--nodes=1:6:flows"


def test_flags_are_read_as_go_writes_them() -> None:
    options = flags.parse(
        [GROUP, "--scan-interval=1s", "-v", "4", "--scale-down-enabled=false", "--balance-similar-node-groups"]
    )
    assert (options.scan_interval, options.v) == (1.0, 4)
    assert not options.scale_down_enabled
    assert options.balance_similar_node_groups


def test_without_a_flag_upstreams_default_holds() -> None:
    options = flags.parse([GROUP])
    assert options.scan_interval == 10
    assert options.scale_down_unneeded_time == 600
    assert options.scale_down_utilization_threshold == 0.5
    assert options.expendable_pods_priority_cutoff == -10


def test_a_flag_given_again_adds_to_a_list_and_replaces_anything_else() -> None:
    options = flags.parse(
        [
            *("--nodes=1:2:a", "--nodes=1:2:b"),
            *("--expander=random", "--expander=most-pods"),
            *("--bypassed-scheduler-names=one,two", "--bypassed-scheduler-names=three"),
        ]
    )
    assert options.nodes == ("1:2:a", "1:2:b")
    assert options.expander == "most-pods"
    assert options.bypassed_scheduler_names == ("one", "two", "three")


def test_a_known_flag_without_effect_is_accepted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        flags.parse([GROUP, "--logtostderr=true", "--skip_headers", "--max-binpacking-time", "5m"])
    told = " ".join(caplog.messages)
    assert all(name in told for name in ("--logtostderr", "--skip-headers", "--max-binpacking-time"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([GROUP, "--no-such-flag=1"], "no-such-flag"),
        ([GROUP, "--scan-interval=soon"], "scan-interval"),
        ([GROUP, "--scan-interval"], "needs a value"),
        ([GROUP, "--scale-down-enabled=maybe"], "scale-down-enabled"),
        ([GROUP, "stray"], "stray"),
        ([GROUP, "--cloud-provider=gce"], "only aws"),
        ([], "node-group-auto-discovery"),
        ([GROUP, "--scan-interval=0s"], "longer"),
        ([GROUP, "--balancing-label=a", "--balancing-ignore-label=b"], "exclude each other"),
        ([GROUP, "--leader-elect-renew-deadline=20s"], "renew-deadline"),
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str], told: str) -> None:
    with pytest.raises(FlagError, match=told):
        flags.parse(arguments)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("1h30m", 5400), ("500ms", 0.5), ("1.5s", 1.5), ("-2m", -120)])
def test_durations(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "5x", "m5", "1m 2s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        durations.parse(text)


@pytest.mark.parametrize(
    ("resource", "text", "value"),
    [
        ("cpu", "250m", 250),
        ("cpu", "2", 2000),
        ("cpu", "0.5", 500),
        ("cpu", "100u", 1),
        ("memory", "2Gi", 2 * 1024**3),
        ("memory", "1M", 1_000_000),
        ("memory", "1e3", 1000),
        ("memory", "128974848000m", 128_974_848),
    ],
)
def test_quantities(resource: str, text: str, value: int) -> None:
    assert amount(resource, text) == value


def test_groups_are_discovered_by_tags_with_or_without_a_value() -> None:
    assert parse_discovery("asg:tag=k8s.io/cluster-autoscaler/enabled,pool=flows") == (
        TagFilter("k8s.io/cluster-autoscaler/enabled", None),
        TagFilter("pool", "flows"),
    )


@pytest.mark.parametrize("text", ["asg:tag=", "asg:name=x", "mig:tag=x", "asg:tag==x"])
def test_a_wrong_discovery_is_refused(text: str) -> None:
    with pytest.raises(DiscoveryError):
        parse_discovery(text)


def test_a_group_is_named_with_its_limits() -> None:
    assert parse_named("1:6:flows") == NamedGroup("flows", 1, 6)


@pytest.mark.parametrize("text", ["6:1:flows", "1:6", "a:6:flows", "0:0:flows", "-1:3:flows", "1:3:"])
def test_wrong_limits_are_refused(text: str) -> None:
    with pytest.raises(DiscoveryError):
        parse_named(text)


CLOUD = """
[Global]
zone = eu-central-1a
[ServiceOverride "1"]
Service = Autoscaling
Region = eu-central-1
URL = "http://192.0.2.1:5601"
SigningRegion = eu-central-1
"""


def test_the_cloud_configuration_says_where_a_service_is() -> None:
    (override,) = parse_overrides(CLOUD)
    assert (override.service, override.url) == ("autoscaling", "http://192.0.2.1:5601")


def test_an_incomplete_override_is_refused() -> None:
    with pytest.raises(CloudConfigError, match="signingregion"):
        parse_overrides(CLOUD.replace("SigningRegion = eu-central-1", ""))


def test_the_region_is_the_environments_or_that_of_the_overrides() -> None:
    overrides = parse_overrides(CLOUD)
    assert region({"AWS_REGION": "eu-west-1"}, overrides) == "eu-west-1"
    assert region({}, overrides) == "eu-central-1"
    with pytest.raises(CloudConfigError, match="AWS_REGION"):
        region({}, ())


def test_an_unknown_expander_is_refused() -> None:
    with pytest.raises(ExpanderError, match="cheapest"):
        Expander("least-waste,cheapest", by_priority=tuple)


def test_without_a_kubeconfig_outside_of_a_pod_the_flag_is_named() -> None:
    with pytest.raises(ConnectionSettingsError, match="set --kubeconfig"):
        connect("")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "users: [{name: me, user: {token: hush-hush}}",
        "hush-hush",
        yaml.safe_dump({"clusters": [], "contexts": [], "users": [{"name": "me", "user": {"token": "hush-hush"}}]}),
        yaml.safe_dump(
            {
                "current-context": "here",
                "clusters": [{"name": "here", "cluster": {"server": "https://here"}}],
                "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
                "users": [{"name": "me", "user": {"client-certificate-data": "aHVzaA==", "client-key-data": "hush"}}],
            }
        ),
    ],
)
def test_a_kubeconfig_of_no_use_is_named_and_not_quoted(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConnectionSettingsError, match=f"--kubeconfig: {path} cannot be used") as refused:
        connect(str(path))
    assert "hush" not in str(refused.value)
