"""The cluster autoscaler's objects, on AWS and on an emulated one."""

from typing import Any

import pulumi
import pytest
from patchbay_config.errors import ConfigError
from patchbay_platform import autoscaling
from patchbay_platform.cluster_autoscaler.component import ClusterAutoscaler
from patchbay_platform.cluster_autoscaler.config import ClusterAutoscalerConfig
from patchbay_platform.host_cluster import HostCluster
from patchbay_platform.images import ImageLock
from patchbay_platform.placement import Placement
from patchbay_platform.settings import PlatformSettings
from patchbay_runtime.catalog import CATALOG
from patchbay_standins.cluster_autoscaler import flags as stand_in
from patchbay_standins.cluster_autoscaler import priorities as stand_in_priorities
from patchbay_standins.cluster_autoscaler.aws.clients import parse_overrides
from patchbay_standins.cluster_autoscaler.aws.groups import parse_discovery
from patchbay_standins.cluster_autoscaler.priorities import rank_of
from pydantic import ValidationError

from .conftest import Manifest, Program, record

IMAGE = f"registry.example:5000/patchbay/cluster-autoscaler@sha256:{'b' * 64}"
EMULATOR = "http://192.0.2.1:5601"


def made(**config: Any) -> Program:
    def program() -> None:
        host = HostCluster(pulumi.Output.from_input("patchbay-dev-shared"), "eu-central-1")
        ClusterAutoscaler(
            "ca",
            ClusterAutoscalerConfig.model_validate(config),
            image=IMAGE,
            host=host,
            placement=Placement("kube-system", "system-cluster-critical", {"patchbay.dev/pool": "system"}),
            opts=pulumi.ResourceOptions(),
        )

    return record(program, {}, [])


def pod(program: Program) -> Manifest:
    spec: Manifest = program.one("Deployment", "cluster-autoscaler").inputs["spec"]["template"]["spec"]
    return spec


def container(program: Program) -> Manifest:
    (only,) = pod(program)["containers"]
    found: Manifest = only
    return found


def variables(program: Program) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container(program)["env"]}


def options(program: Program) -> stand_in.Options:
    """As the stand-in reads the command line: it refuses what upstream does not have."""
    return stand_in.parse(container(program)["args"])


def test_on_aws_it_has_no_key_and_no_file_and_a_second_one_waits() -> None:
    program = made()
    assert variables(program) == {"AWS_REGION": "eu-central-1"}
    assert "volumes" not in pod(program)
    assert program.of("ConfigMap") == []
    assert program.one("Deployment", "cluster-autoscaler").inputs["spec"]["replicas"] == 2
    assert options(program).cloud_config == ""


def test_an_emulated_aws_is_named_in_the_file_and_the_environment_without_a_real_key() -> None:
    program = made(awsEndpoint=EMULATOR)
    assert variables(program) == {
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": EMULATOR,
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    assert options(program).cloud_config == "/etc/cluster-autoscaler/cloud.conf"
    (mount,) = container(program)["volumeMounts"]
    assert (mount["mountPath"], mount["readOnly"]) == ("/etc/cluster-autoscaler", True)
    text = program.one("ConfigMap", "cluster-autoscaler", "kube-system").inputs["data"]["cloud.conf"]
    overrides = parse_overrides(text)
    assert {one.service for one in overrides} == {"autoscaling", "ec2", "eks"}
    assert {(one.region, one.url, one.signing_region) for one in overrides} == {
        ("eu-central-1", EMULATOR, "eu-central-1")
    }


def test_it_finds_the_groups_of_its_own_cluster_only() -> None:
    (discovery,) = options(made()).node_group_auto_discovery
    tags = parse_discovery(discovery)
    assert [tag.key for tag in tags] == [
        "k8s.io/cluster-autoscaler/enabled",
        "k8s.io/cluster-autoscaler/patchbay-dev-shared",
    ]


EVERYTHING: dict[str, Any] = {
    "scanInterval": 3,
    "verbosity": 5,
    "scaleUp": {
        "expanders": ["priority", "most-pods"],
        "priorities": {"20": ["flows-spot"], "10": [".*"]},
        "balanceSimilarGroups": False,
        "maxNodeProvision": 61,
        "initialBackoff": 7,
        "maxBackoff": 8,
        "bypassedSchedulers": ["one", "two"],
        "maxNodesTotal": 9,
        "expendablePriorityCutoff": -11,
        "maxUnreadyPercentage": 12,
        "unreadyAlwaysAllowed": 13,
    },
    "scaleDown": {
        "unneeded": 14,
        "unready": 15,
        "utilizationThreshold": 0.16,
        "afterAdd": 17,
        "afterDelete": 18,
        "afterFailure": 19,
        "unremovableRecheck": 20,
        "maxGracefulTermination": 21,
        "maxPodEviction": 22,
        "maxDrainedAtOnce": 23,
        "maxDeletedAtOnce": 24,
        "deleteDelay": 25,
        "cordon": False,
        "ignoreDaemonSets": False,
        "skipNodesWithSystemPods": True,
        "skipNodesWithLocalStorage": True,
    },
}


def test_everything_in_the_config_reaches_the_program() -> None:
    program = made(**EVERYTHING)
    options(program)
    given = dict(flag.removeprefix("--").split("=", 1) for flag in container(program)["args"])
    changed = {name: value for name, value in given.items() if f"--{name}={value}" not in container(made())["args"]}
    assert changed == {
        "scan-interval": "3s",
        "v": "5",
        "expander": "priority,most-pods",
        "balance-similar-node-groups": "false",
        "max-node-provision-time": "61s",
        "initial-node-group-backoff-duration": "7s",
        "max-node-group-backoff-duration": "8s",
        "bypassed-scheduler-names": "one,two",
        "max-nodes-total": "9",
        "expendable-pods-priority-cutoff": "-11",
        "max-total-unready-percentage": "12",
        "ok-total-unready-count": "13",
        "scale-down-unneeded-time": "14s",
        "scale-down-unready-time": "15s",
        "scale-down-utilization-threshold": "0.16",
        "scale-down-delay-after-add": "17s",
        "scale-down-delay-after-delete": "18s",
        "scale-down-delay-after-failure": "19s",
        "unremovable-node-recheck-timeout": "20s",
        "max-graceful-termination-sec": "21",
        "max-pod-eviction-time": "22s",
        "max-drain-parallelism": "23",
        "max-scale-down-parallelism": "24",
        "node-delete-delay-after-taint": "25s",
        "cordon-node-before-terminating": "false",
        "ignore-daemonsets-utilization": "false",
        "skip-nodes-with-system-pods": "true",
        "skip-nodes-with-local-storage": "true",
    }


def prioritised(priorities: dict[str, list[str]]) -> dict[str, Any]:
    return {"scaleUp": {"expanders": ["priority"], "priorities": priorities}}


def test_priorities_are_where_the_program_reads_them_before_it_starts() -> None:
    program = made(**prioritised({"20": ["flows-spot"], "10": [".*"]}))
    made_first = program.one("ConfigMap", stand_in_priorities.CONFIG_MAP, "kube-system")
    ranks = stand_in_priorities.parse(made_first.inputs["data"][stand_in_priorities.KEY])
    assert rank_of("eks-patchbay-dev-shared-flows-spot-0-1", ranks) == 20
    assert rank_of("eks-patchbay-dev-shared-flows-0-1", ranks) == 10
    kinds = [resource.type for resource in program.resources]
    assert kinds.index("kubernetes:core/v1:ConfigMap") < kinds.index("kubernetes:apps/v1:Deployment")


def test_prometheus_finds_each_replica_also_one_that_is_not_ready() -> None:
    service = made().one("Service", "cluster-autoscaler", "kube-system").inputs["spec"]
    assert (service["clusterIP"], service["publishNotReadyAddresses"]) == ("None", True)
    assert [port["port"] for port in service["ports"]] == [8085]


def test_it_is_more_important_than_anything_of_the_platform_and_stays_where_it_is() -> None:
    program = made()
    assert pod(program)["priorityClassName"] == "system-cluster-critical"
    annotations = program.one("Deployment", "cluster-autoscaler").inputs["spec"]["template"]["metadata"]["annotations"]
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"


def rules(program: Program, kind: str) -> list[dict[str, Any]]:
    name = "patchbay-cluster-autoscaler" if kind == "ClusterRole" else "cluster-autoscaler"
    found: list[dict[str, Any]] = program.one(kind, name).inputs["rules"]
    return found


def test_in_the_whole_cluster_it_changes_nodes_and_evicts_and_else_only_looks() -> None:
    changes = {
        (resource, verb)
        for rule in rules(made(), "ClusterRole")
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if verb not in {"get", "list", "watch"}
    }
    assert changes == {
        ("nodes", "update"),
        ("pods/eviction", "create"),
        ("pods/status", "update"),
        ("events", "create"),
        ("events", "patch"),
    }


def test_in_its_namespace_it_changes_its_own_lease_and_status_only() -> None:
    for rule in rules(made(), "Role"):
        if set(rule["verbs"]) & {"get", "update", "delete", "patch"}:
            assert all(name.startswith("cluster-autoscaler") for name in rule["resourceNames"]), rule


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"scaleUp": {"maxNodeProvision": 60}}, "a live node may be the one that goes; set it above 60"),
        ({"scaleUp": {"initialBackoff": 60, "maxBackoff": 59}}, "maxBackoff is below initialBackoff; raise it"),
        ({"scaleUp": {"expendablePriorityCutoff": -4}}, "less than or equal to -5"),
        ({"scaleUp": {"expanders": ["cheapest"]}}, "Input should be 'priority', 'least-waste'"),
        ({"scaleUp": {"expanders": []}}, "at least 1 item"),
        ({"scaleUp": {"expanders": ["random", "random"]}}, "one stands twice, and decides nothing"),
        ({"scaleUp": {"expanders": ["priority"]}}, "grows no group without priorities; set them"),
        ({"scaleUp": {"priorities": {"20": ["spot"]}}}, "put it into expanders"),
        (prioritised({"0": ["spot"]}), "greater than or equal to 1"),
        (prioritised({"20": []}), "at least 1 item"),
        (prioritised({"20": ["(spot"]}), "no regular expression"),
        (prioritised({"20": ["spot(?!ted)"]}), "only some of (? and no references"),
        (prioritised({"20": [r"(spot)\1"]}), "only some of (? and no references"),
        ({"scanInterval": 20, "scaleDown": {"unneeded": 19}}, "so that one look decides; raise it"),
        ({"scaleDown": {"maxGracefulTermination": 901}}, "maxPodEviction is below maxGracefulTermination"),
        ({"awsEndpoint": "https://192.0.2.1:5601"}, "write it like http://192.0.2.1:5601"),
        ({"awsEndpoint": "http://emulator.example.com:5601"}, "write it like http://192.0.2.1:5601"),
        ({"awsEndpoint": "http://192.0.2.1:5601/path"}, "write it like http://192.0.2.1:5601"),
        ({"awsEndpoint": "http://192.0.2.1"}, "write it like http://192.0.2.1:5601"),
        ({"image": "registry.example/cluster-autoscaler:latest"}, "String should match pattern"),
    ],
)
def test_what_cannot_work_is_refused_with_the_remedy(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ClusterAutoscalerConfig.model_validate(config)
    assert told in str(refused.value)


@pytest.fixture
def settings(local_config: dict[str, str]) -> PlatformSettings:
    return PlatformSettings.model_validate_json(local_config["patchbay:platform"])


def with_(settings: PlatformSettings, **config: Any) -> PlatformSettings:
    changed = ClusterAutoscalerConfig.model_validate(config)
    return settings.model_copy(update={"cluster_autoscaler": changed})


def refusal(settings: PlatformSettings, images: ImageLock, host: HostCluster | None) -> str:
    with pytest.raises(ConfigError) as refused:
        autoscaling.check(settings, images, CATALOG, host)
    return str(refused.value)


HOST = HostCluster("patchbay-dev-shared", "eu-central-1")


def test_a_worker_is_never_killed_because_its_node_goes(settings: PlatformSettings, image_lock: Any) -> None:
    images = ImageLock.load(image_lock, field="")
    hasty = with_(settings, scaleDown={"maxGracefulTermination": 84})
    told = refusal(hasty, images, HOST)
    assert "shape http-connector may take 85 s to finish, and would be killed; set it to 85 or more" in told
    assert "gateway may take 88 s to finish" in told
    autoscaling.check(with_(settings, scaleDown={"maxGracefulTermination": 88}), images, CATALOG, HOST)


def test_without_images_or_a_known_cluster_the_remedy_is_named(settings: PlatformSettings, image_lock: Any) -> None:
    images = ImageLock.load(image_lock, field="").model_copy(update={"cluster_autoscaler": None, "pause": None})
    told = refusal(settings, images, None)
    assert "patchbay:platform.clusterAutoscaler: the cluster is none of patchbay:infra.clusters" in told
    assert "patchbay:platform.imageLock: cluster-autoscaler: missing" in told
    assert "patchbay:platform.imageLock: pause: missing" in told
    own = with_(settings, image=IMAGE).model_copy(update={"headroom": None})
    autoscaling.check(own, images, CATALOG, HOST)


def test_an_image_of_the_config_stands_in_for_the_locked_one(settings: PlatformSettings, image_lock: Any) -> None:
    def program() -> None:
        autoscaling.deploy(
            "own",
            with_(settings, image=IMAGE),
            images=ImageLock.load(image_lock, field=""),
            host=HOST,
            headroom=None,
            opts=pulumi.ResourceOptions(),
        )

    assert container(record(program, {}, []))["image"] == IMAGE


def test_the_local_cluster_s_own_name_and_emulator_are_used(program: Program) -> None:
    (discovery,) = options(program).node_group_auto_discovery
    assert parse_discovery(discovery)[1].key == "k8s.io/cluster-autoscaler/patchbay-local-local"
    policy = program.one("NetworkPolicy", "cluster-autoscaler", "kube-system").inputs["spec"]
    ways = {
        (peer["ipBlock"]["cidr"], int(port["port"]))
        for rule in policy["egress"]
        for peer in rule["to"]
        if "ipBlock" in peer
        for port in rule["ports"]
    }
    assert ("10.89.0.1/32", 5601) in ways
    assert not [cidr for cidr, _ in ways if cidr == "0.0.0.0/0"]


def test_kubernetes_own_namespace_is_neither_made_nor_closed(program: Program) -> None:
    assert "kube-system" not in {namespace.object_name for namespace in program.of("Namespace")}
    ours = [policy.object_name for policy in program.of("NetworkPolicy") if policy.namespace == "kube-system"]
    assert ours == ["cluster-autoscaler"]


def test_data_without_a_volume_of_its_own_keeps_its_node_and_workers_do_not(program: Program) -> None:
    key = "cluster-autoscaler.kubernetes.io/safe-to-evict"
    said = {
        owner.object_name: pod["metadata"]["annotations"][key]
        for owner, pod in program.pod_templates()
        if key in pod["metadata"].get("annotations", {})
    }
    assert said == {"cluster-autoscaler": "false", "prometheus": "false", "headroom": "true"}
