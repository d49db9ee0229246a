"""The platform on two clusters of one environment, whose Redis and MariaDB AWS runs."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
from patchbay_config.errors import ConfigError
from patchbay_platform import cluster, stores
from patchbay_platform.data_services import DataServices, ManagedDatabase, ManagedRedis
from patchbay_platform.host_cluster import HostCluster, NodeTaint
from patchbay_platform.images import ImageLock
from patchbay_platform.settings import PlatformSettings
from patchbay_platform.stack import Platform
from patchbay_runtime.catalog import CATALOG

from .conftest import Manifest, Program, record

CLUSTERS = ("main", "second")
DATA_NETWORKS = ("10.0.224.0/22", "10.0.228.0/22")
TAINTS = (NodeTaint("patchbay.dev/pool", "flows", "NoSchedule"),)
NETWORKS = cluster.ClusterNetworks.model_validate({"apiServer": ["172.20.0.1/32"], "edge": ["10.10.48.0/24"]})
KUBECONFIG = json.dumps({"apiVersion": "v1", "kind": "Config", "users": [{"user": {"exec": {"command": "aws"}}}]})


def data_of(name: str, later: Callable[[Any], Any] = lambda value: value) -> DataServices:
    """`later` makes values known only while the update runs, as AWS' own names are."""
    return DataServices(
        region="eu-central-1",
        networks=DATA_NETWORKS,
        redis=ManagedRedis(
            address=later(f"cache-{name}.example.com"),
            port=later(6379),
            user_name=later(f"patchbay-dev-cache-{name}-runtime"),
            cache_name=later(f"patchbay-dev-cache-{name}"),
        ),
        database=ManagedDatabase(
            address=later("writer.example.com"),
            port=later(3306),
            instance=later("patchbay-dev-databases-write"),
            administrator="patchbay_master",
            account=f"patchbay_{name}",
        ),
    )


@pytest.fixture(scope="module")
def images(image_lock: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageLock:
    """Without the images of what AWS runs."""
    locked = json.loads(image_lock.read_text())
    path = tmp_path_factory.mktemp("images") / "images.json"
    path.write_text(json.dumps({name: image for name, image in locked.items() if name not in {"redis", "mariadb"}}))
    return ImageLock.load(path, field="patchbay:platform.imageLock")


@pytest.fixture(scope="module")
def settings(local_config: dict[str, str]) -> PlatformSettings:
    """The local stack's, without what is a pod there and with an application load balancer in front."""
    values = json.loads(local_config["patchbay:platform"])
    for key in ("cluster", "redis", "mariadb"):
        del values[key]
    del values["quotas"]["data"]
    values["gateway"] |= {"clientAddress": "forwardedFor", "drainSeconds": 30}
    values["clusterAutoscaler"] = {}
    return PlatformSettings.model_validate(values)


@pytest.fixture(scope="module")
def both(settings: PlatformSettings, images: ImageLock, keda_manifests: Sequence[Manifest]) -> Program:
    def program() -> None:
        for name in CLUSTERS:
            access = pulumi.Output.from_input(KUBECONFIG)
            Platform(
                name,
                settings,
                images=images,
                catalog=CATALOG,
                provider=cluster.provider(f"{name}-cluster", access, after=[]),
                networks=NETWORKS,
                data=data_of(name, pulumi.Output.from_input),
                host=HostCluster(pulumi.Output.from_input(f"patchbay-dev-{name}"), "eu-central-1", TAINTS),
            )

    return record(program, {}, keda_manifests)


@pytest.fixture(scope="module")
def one(both: Program) -> Program:
    """The first cluster's part."""
    return Program([item for item in both.resources if item.name.startswith("main") and "metadata" in item.inputs])


def pods_of(program: Program, *names: str) -> list[Manifest]:
    return [pod["spec"] for owner, pod in program.pod_templates() if owner.object_name in names]


RUNTIME = ("api", *(f"shape-{shape}" for shape in CATALOG))


def variables(pod: Manifest) -> dict[str, Any]:
    """Those that the program gives a value; the others are the pod's own fields."""
    return {item["name"]: item["value"] for item in pod["containers"][0]["env"] if "value" in item}


def test_no_two_resources_of_the_program_share_a_name(both: Program) -> None:
    counted = Counter((item.type, item.name) for item in both.resources)
    assert [name for name, count in counted.items() if count > 1] == []


def test_every_resource_says_which_platform_it_is_of(both: Program) -> None:
    strangers = [item.name for item in both.resources if not any(item.name.startswith(name) for name in CLUSTERS)]
    assert strangers == []


def test_both_clusters_hold_the_same_objects(both: Program) -> None:
    held = {
        name: sorted(
            (item.kind, item.namespace or "", item.object_name)
            for item in both.resources
            if item.name.startswith(name) and "metadata" in item.inputs
        )
        for name in CLUSTERS
    }
    assert held["main"] == held["second"]
    assert len(held["main"]) > 100


def test_no_data_store_runs_in_the_cluster(one: Program) -> None:
    assert one.of("StatefulSet") == []
    assert "patchbay-data" not in {namespace.object_name for namespace in one.of("Namespace")}
    assert not {policy.object_name for policy in one.of("NetworkPolicy")} & {"redis", "mariadb"}


def test_the_api_s_keys_are_made_where_the_data_stores_are_services_too(one: Program) -> None:
    (job,) = pods_of(one, "credentials")
    assert variables(job) == {"RUNTIME_NAMESPACE": "patchbay-runtime"}
    (role,) = [role for role in one.of("Role") if role.object_name == "credentials"]
    assert role.namespace == "patchbay-runtime"
    assert role.inputs["rules"][0]["resourceNames"] == ["administrator", "sealing"]
    api_server = {(str(network), port) for network in NETWORKS.api_server for port in (443, 6443)}
    assert egress(one, "credentials") == api_server


def test_the_runtime_enters_both_over_tls_by_its_identity_without_a_password(one: Program) -> None:
    runtime = pods_of(one, *RUNTIME)
    assert len(runtime) == len(RUNTIME)
    for pod in runtime:
        given = variables(pod)
        assert given["PATCHBAY_AWS_REGION"] == "eu-central-1"
        assert given["PATCHBAY_REDIS_TLS"] == given["PATCHBAY_DATABASE_IAM"] == "true"
        assert given["PATCHBAY_REDIS_IAM_CACHE"] == "patchbay-dev-cache-main"
        assert given["PATCHBAY_DATABASE_NAME"] == given["PATCHBAY_DATABASE_USER"] == "patchbay_main"
        assert given["PATCHBAY_DATABASE_CA_FILE"] == "/etc/patchbay/database/ca.pem"
        assert not [name for name in given if "PASSWORD" in name]
        assert not [volume for volume in pod["volumes"] if "csi" in volume]


def test_no_worker_holds_a_secret(one: Program) -> None:
    for pod in pods_of(one, *(f"shape-{shape}" for shape in CATALOG)):
        assert not [volume for volume in pod["volumes"] if "secret" in volume]
    (api,) = pods_of(one, "api")
    held = [volume["secret"]["secretName"] for volume in api["volumes"] if "secret" in volume]
    assert held == ["administrator", "sealing"]


def test_the_variables_are_settings_that_the_runtime_takes(one: Program) -> None:
    from patchbay_runtime.settings import Settings  # noqa: PLC0415 - the platform itself imports the catalogue only

    (api,) = pods_of(one, "api")
    Settings.model_validate({name.removeprefix("PATCHBAY_").lower(): value for name, value in variables(api).items()})
    known = {f"PATCHBAY_{name.upper()}" for name in Settings.model_fields}
    (job,) = pods_of(one, "database-access")
    (metrics,) = pods_of(one, "cloudwatch-metrics")
    assert variables(api).keys() | variables(job).keys() | variables(metrics).keys() <= known


def test_clusters_have_a_schema_each_on_the_shared_server(both: Program) -> None:
    names = {
        variables(item.inputs["spec"]["template"]["spec"])["PATCHBAY_DATABASE_NAME"]
        for item in both.of("Deployment")
        if item.object_name == "api"
    }
    assert names == {"patchbay_main", "patchbay_second"}


def test_the_job_that_makes_the_account_knows_the_administrator_and_no_password(one: Program) -> None:
    (job,) = pods_of(one, "database-access")
    assert job["serviceAccountName"] == "database-access"
    assert job["containers"][0]["args"][0] == "make-account"
    given = variables(job)
    assert given["PATCHBAY_DATABASE_INSTANCE"] == "patchbay-dev-databases-write"
    assert given["PATCHBAY_DATABASE_ADMINISTRATOR"] == "patchbay_master"
    assert not [name for name in given if "PASSWORD" in name or "SECRET" in name]
    assert [volume["name"] for volume in job["volumes"]] == ["config"]


def test_the_job_gives_up_only_after_its_program_has(one: Program) -> None:
    (job,) = (item.inputs["spec"] for item in one.of("Job") if item.object_name == "database-access")
    command = job["template"]["spec"]["containers"][0]["args"]
    assert float(command[command.index("--wait") + 1]) < job["activeDeadlineSeconds"]


def test_nothing_in_the_state_is_a_credential(one: Program) -> None:
    assert one.of("Secret") == []
    text = json.dumps([dict(item.inputs) for item in one.resources], default=str)
    assert "PRIVATE KEY" not in text


def egress(program: Program, policy: str) -> set[tuple[str, int]]:
    rules = program.one("NetworkPolicy", policy, "patchbay-runtime").inputs["spec"]["egress"]
    return {
        (peer["ipBlock"]["cidr"], port["port"])
        for rule in rules
        for peer in rule["to"]
        if "ipBlock" in peer
        for port in rule["ports"]
    }


def test_the_runtime_reaches_the_data_subnets_and_the_identity_agent_and_no_other_address(one: Program) -> None:
    stores_and_agent = {(cidr, port) for cidr in DATA_NETWORKS for port in (3306, 6379)} | {("169.254.170.23/32", 80)}
    assert egress(one, "api") == egress(one, "worker") == stores_and_agent
    assert egress(one, "database-access") == {
        *((cidr, 3306) for cidr in DATA_NETWORKS),
        ("169.254.170.23/32", 80),
        # RDS' API, for the administrator's password.
        ("0.0.0.0/0", 443),
    }


def test_the_alarms_are_told_of_each_cluster_by_its_name_in_aws(both: Program) -> None:
    told = [item for item in both.of("Deployment") if item.object_name == "cloudwatch-metrics"]
    assert sorted(item.inputs["spec"]["template"]["spec"]["containers"][0]["args"] for item in told) == [
        ["cloudwatch-metrics", "--horizon", "http://api.patchbay-runtime:8000", "--cluster", f"patchbay-dev-{name}"]
        for name in CLUSTERS
    ]


def test_what_tells_the_alarms_sees_horizon_and_how_many_nodes_there_are_and_nothing_else(
    one: Program,
) -> None:
    (pod,) = pods_of(one, "cloudwatch-metrics")
    assert not [name for name in variables(pod) if name.startswith(("PATCHBAY_REDIS", "PATCHBAY_DATABASE"))]
    assert [volume["name"] for volume in pod["volumes"]] == ["temporary"]
    rules = one.one("ClusterRole", "patchbay-cloudwatch-metrics").inputs["rules"]
    assert rules == [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}]
    policy = one.one("NetworkPolicy", "cloudwatch-metrics", "patchbay-runtime").inputs["spec"]
    assert not policy["ingress"]
    called = [
        peer["podSelector"]["matchLabels"] for rule in policy["egress"] for peer in rule["to"] if "podSelector" in peer
    ]
    assert called == [{"app.kubernetes.io/name": "api"}, {"k8s-app": "kube-dns"}]
    api_server = {(str(network), port) for network in NETWORKS.api_server for port in (443, 6443)}
    assert egress(one, "cloudwatch-metrics") == {("169.254.170.23/32", 80), ("0.0.0.0/0", 443), *api_server}


def test_the_workers_run_on_the_nodes_that_grow_and_the_rest_on_the_others(one: Program) -> None:
    for owner, pod in one.pod_templates():
        grows = owner.object_name.startswith(("shape-", "headroom"))
        pool = "flows" if grows else "system"
        assert pod["spec"]["nodeSelector"]["patchbay.dev/pool"] == pool, owner.object_name
        tolerated = {(item["key"], item["value"], item["effect"]) for item in pod["spec"].get("tolerations", [])}
        assert (("patchbay.dev/pool", "flows", "NoSchedule") in tolerated) == grows, owner.object_name


def test_behind_an_application_load_balancer_no_node_hides_where_a_connection_comes_from(
    one: Program, program: Program
) -> None:
    service = one.one("Service", "gateway").inputs["spec"]
    assert service["externalTrafficPolicy"] == "Local"
    assert {port["name"]: port["nodePort"] for port in service["ports"]} == {"proxy": 30080, "health": 30081}
    assert "externalTrafficPolicy" not in program.one("Service", "gateway").inputs["spec"]


def test_the_provider_gets_a_kubeconfig_without_a_credential(both: Program) -> None:
    providers = [item for item in both.resources if item.type == "pulumi:providers:kubernetes"]
    assert {item.name for item in providers} == {"main-cluster", "second-cluster"}
    assert all(item.inputs["kubeconfig"] == KUBECONFIG for item in providers)


def test_the_authorities_are_rds_own_and_valid(one: Program) -> None:
    from cryptography import x509  # noqa: PLC0415 - one test's

    text = one.one("ConfigMap", "database-access").inputs["data"]["ca.pem"]
    certificates = x509.load_pem_x509_certificates(text.encode())
    assert len(certificates) == 3
    for certificate in certificates:
        assert "CN=Amazon RDS eu-central-1 Root CA" in certificate.subject.rfc4514_string()
        certificate.verify_directly_issued_by(certificate)


def refusal(settings: PlatformSettings, images: ImageLock, data: DataServices | None) -> str:
    with pytest.raises(ConfigError) as refused:
        stores.check(settings, images, data)
    return str(refused.value)


def test_an_environment_without_data_stores_is_refused_with_both_remedies(
    settings: PlatformSettings, images: ImageLock
) -> None:
    told = refusal(settings, images, None)
    assert "patchbay:platform.redis: missing; set it to run one in the cluster, or have patchbay:infra.cache" in told
    assert "patchbay:platform.mariadb: missing; set it to run one in the cluster, or have patchbay:infra.data" in told


def test_a_data_store_of_both_kinds_is_refused(local_config: dict[str, str], image_lock: Path) -> None:
    local = PlatformSettings.model_validate_json(local_config["patchbay:platform"])
    told = refusal(local, ImageLock.load(image_lock, field=""), data_of("main"))
    assert "patchbay:platform.redis: the environment has a managed one, by patchbay:infra.cache; remove it" in told
    assert "patchbay:platform.mariadb: the environment has a managed one, by patchbay:infra.databases" in told


def test_a_data_store_in_the_cluster_needs_an_image_and_a_quota(
    local_config: dict[str, str], images: ImageLock
) -> None:
    values = json.loads(local_config["patchbay:platform"])
    del values["quotas"]["data"]
    told = refusal(PlatformSettings.model_validate(values), images, None)
    assert "patchbay:platform.imageLock: redis: missing; push the image and lock it" in told
    assert "patchbay:platform.imageLock: mariadb: missing; push the image and lock it" in told
    assert "patchbay:platform.quotas.data: missing" in told


def test_a_region_without_authorities_says_where_to_get_them() -> None:
    from patchbay_platform.database_access.component import authorities  # noqa: PLC0415 - one test's

    with pytest.raises(ConfigError, match=r"patchbay:infra\.aws\.region: .*save https://truststore\.pki\.rds\."):
        authorities("xx-nowhere-1")


def test_an_update_replaces_no_workload_by_replacing_what_it_waits_for(program: Program, one: Program) -> None:
    """Pulumi deletes what depends on a resource before it deletes that, if its successor has the same name."""
    jobs = [*program.of("Job"), *one.of("Job")]
    assert len(jobs) > 1
    assert [job.object_name for job in jobs if "name" in job.inputs["metadata"]] == []


def test_the_local_platform_runs_its_own_data_stores(program: Program) -> None:
    counted = Counter(item.kind for item in program.resources if "metadata" in item.inputs)
    shapes = len(CATALOG)
    assert {kind: counted[kind] for kind in ("Deployment", "StatefulSet", "Job", "ScaledObject", "Namespace")} == {
        "Deployment": shapes + 9,
        "StatefulSet": 2,
        "Job": 1,
        "ScaledObject": shapes,
        "Namespace": 6,
    }
