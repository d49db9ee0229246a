"""A pod fits where the scheduler would put it, and nowhere else."""

from typing import Any

import pytest
from patchbay_standins.cluster_autoscaler.fit.placing import place_all
from patchbay_standins.cluster_autoscaler.fit.snapshot import Snapshot
from patchbay_standins.cluster_autoscaler.fit.volumes import Volumes
from patchbay_standins.cluster_autoscaler.objects import Pod
from patchbay_standins.cluster_autoscaler.volume_objects import Claim, PersistentVolume, StorageClass

from tests.standins.cluster_autoscaler.made import HOST_KEY, ZONE_KEY, fits, node, place, pod, snapshot

APP = {"app": "example"}
NEAR_OR_FAR = {"topologyKey": ZONE_KEY, "labelSelector": {"matchLabels": APP}}


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ({"cpu": "900m"}, True),
        ({"cpu": "1100m"}, False),
        ({"memory": "2Gi"}, True),
        ({"memory": "2049Mi"}, False),
        ({"ephemeral-storage": "1Gi"}, True),
        ({"ephemeral-storage": "11Gi"}, False),
        ({"example.com/device": "1"}, False),
    ],
)
def test_requests_must_be_free(requests: dict[str, str], expected: bool) -> None:
    asking = pod(spec={"containers": [{"resources": {"requests": requests}}]})
    assert fits(asking, node(resources={"ephemeral-storage": "10Gi"})) is expected


def test_what_other_pods_ask_for_is_taken() -> None:
    there = place(node(), pod(cpu="600m"))
    assert fits(pod(cpu="400m"), there)
    assert not fits(pod(cpu="401m"), there)


def test_a_node_takes_no_more_pods_than_it_may() -> None:
    small = node(resources={"pods": "2"})
    assert fits(pod(), place(small, pod()))
    assert not fits(pod(), place(small, pod(), pod()))


def test_an_init_container_counts_where_it_needs_more_than_the_rest() -> None:
    spec = {"initContainers": [{"resources": {"requests": {"cpu": "800m"}}}]}
    assert pod(cpu="100m", spec=spec).spec.requests["cpu"] == 800
    assert pod(cpu="900m", spec=spec).spec.requests["cpu"] == 900


def test_a_sidecar_counts_beside_the_containers() -> None:
    sidecar = {"restartPolicy": "Always", "resources": {"requests": {"cpu": "200m"}}}
    after = {"resources": {"requests": {"cpu": "500m"}}}
    assert pod(cpu="400m", spec={"initContainers": [sidecar]}).spec.requests["cpu"] == 600
    assert pod(cpu="100m", spec={"initContainers": [sidecar, after]}).spec.requests["cpu"] == 700


def test_the_overhead_of_a_pod_counts() -> None:
    assert pod(cpu="400m", spec={"overhead": {"cpu": "50m"}}).spec.requests["cpu"] == 450


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        ([], False),
        ([{"key": "pool", "operator": "Exists"}], True),
        ([{"key": "pool", "value": "flows", "effect": "NoSchedule"}], True),
        ([{"key": "pool", "value": "other"}], False),
        ([{"key": "pool", "value": "flows", "effect": "NoExecute"}], False),
        ([{"operator": "Exists"}], True),
    ],
)
def test_a_taint_must_be_tolerated(tolerations: list[dict[str, str]], expected: bool) -> None:
    tainted = node(taints=[{"key": "pool", "value": "flows", "effect": "NoSchedule"}])
    assert fits(pod(spec={"tolerations": tolerations}), tainted) is expected


def test_a_soft_taint_keeps_nobody_away() -> None:
    assert fits(pod(), node(taints=[{"key": "a", "effect": "PreferNoSchedule"}]))


def test_a_cordoned_node_takes_only_pods_that_tolerate_it() -> None:
    cordoned = node(unschedulable=True)
    assert not fits(pod(), cordoned)
    tolerating = {"tolerations": [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]}
    assert fits(pod(spec=tolerating), cordoned)


def test_a_node_that_is_not_ready_takes_no_pod() -> None:
    assert not fits(pod(), node(ready=False))


def test_the_node_selector_must_match() -> None:
    wanting = pod(spec={"nodeSelector": {"pool": "flows"}})
    assert fits(wanting, node(labels={"pool": "flows"}))
    assert not fits(wanting, node(labels={"pool": "system"}))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"key": "pool", "operator": "In", "values": ["flows", "other"]}, True),
        ({"key": "pool", "operator": "NotIn", "values": ["flows"]}, False),
        ({"key": "pool", "operator": "Exists"}, True),
        ({"key": "pool", "operator": "DoesNotExist"}, False),
        ({"key": "size", "operator": "Gt", "values": ["3"]}, True),
        ({"key": "size", "operator": "Lt", "values": ["3"]}, False),
    ],
)
def test_the_required_node_affinity_must_match(expression: dict[str, Any], expected: bool) -> None:
    required = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    assert fits(pod(spec={"affinity": affinity}), node(labels={"pool": "flows", "size": "4"})) is expected


def test_a_node_affinity_may_name_the_node() -> None:
    field = {"key": "metadata.name", "operator": "In", "values": ["one"]}
    required = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    wanting = pod(spec={"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}})
    assert fits(wanting, node("one"))
    assert not fits(wanting, node("two"))


def test_a_host_port_is_had_once_on_a_node() -> None:
    def with_port(port: int) -> Pod:
        return pod(spec={"containers": [{"ports": [{"containerPort": 80, "hostPort": port}]}]})

    there = place(node(), with_port(8080))
    assert fits(with_port(8081), there)
    assert not fits(with_port(8080), there)


def _with(kind: str, **term: Any) -> dict[str, Any]:
    return {"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [NEAR_OR_FAR | term]}}}


def test_a_pod_goes_where_the_pods_are_that_it_wants_to_be_near() -> None:
    there, empty = place(node(zone="a"), pod(labels=APP)), place(node(zone="b"))
    wanting = pod(spec=_with("podAffinity"))
    assert fits(wanting, there, empty)
    assert not fits(wanting, empty, there)


def test_the_first_of_pods_that_want_to_be_near_each_other_may_start_anywhere() -> None:
    assert fits(pod(labels=APP, spec=_with("podAffinity")), node())
    assert not fits(pod(labels={"app": "other"}, spec=_with("podAffinity")), node())


def test_a_pod_stays_away_from_those_that_it_repels() -> None:
    there, empty = place(node(zone="a"), pod(labels=APP)), place(node(zone="b"))
    wanting = pod(labels=APP, spec=_with("podAntiAffinity"))
    assert not fits(wanting, there, empty)
    assert fits(wanting, empty, there)


def test_a_pod_stays_away_from_those_that_repel_it() -> None:
    there, empty = place(node(zone="a"), pod(spec=_with("podAntiAffinity"))), place(node(zone="b"))
    assert not fits(pod(labels=APP), there, empty)
    assert fits(pod(labels=APP), empty, there)


def test_affinity_is_about_pods_of_the_same_namespace_unless_others_are_named() -> None:
    there = place(node(), pod(labels=APP, namespace="other"))
    assert not fits(pod(spec=_with("podAffinity")), there)
    assert fits(pod(spec=_with("podAffinity", namespaces=["other"])), there)
    by_label = pod(spec=_with("podAffinity", namespaceSelector={"matchLabels": {"team": "x"}}))
    assert fits(by_label, there, known=Snapshot([there], namespaces={"other": {"team": "x"}}))
    assert not fits(by_label, there, known=Snapshot([there], namespaces={"other": {"team": "y"}}))


def _spread(**given: Any) -> dict[str, Any]:
    constraint = {
        "maxSkew": 1,
        "topologyKey": ZONE_KEY,
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": APP},
    }
    return {"topologySpreadConstraints": [constraint | given]}


def test_pods_are_spread_as_evenly_as_they_must_be() -> None:
    full, empty = place(node(zone="a"), pod(labels=APP)), place(node(zone="b"))
    spread = pod(labels=APP, spec=_spread())
    assert fits(spread, empty, full)
    assert not fits(spread, full, empty)


def test_a_wish_for_an_even_spread_keeps_no_pod_away() -> None:
    full, empty = place(node(zone="a"), pod(labels=APP)), place(node(zone="b"))
    assert fits(pod(labels=APP, spec=_spread(whenUnsatisfiable="ScheduleAnyway")), full, empty)


def test_a_spread_over_more_domains_than_there_are_waits_for_them() -> None:
    full = place(node(zone="a"), pod(labels=APP))
    assert not fits(pod(labels=APP, spec=_spread(minDomains=2)), full)
    assert not fits(
        pod(labels=APP, spec=_spread()), place(node(labels={ZONE_KEY: "a"}), pod(labels=APP)), node(zone="b")
    )


def test_nodes_that_the_pod_does_not_want_do_not_count_for_its_spread() -> None:
    full = place(node(zone="a", labels={"pool": "flows"}), pod(labels=APP))
    other = place(node(zone="b", labels={"pool": "system"}))
    assert fits(pod(labels=APP, spec=_spread() | {"nodeSelector": {"pool": "flows"}}), full, other)


def test_old_and_new_replicas_are_spread_each_for_themselves() -> None:
    old = pod(labels=APP | {"pod-template-hash": "old"})
    full, empty = place(node(zone="a"), old), place(node(zone="b"))
    new = pod(labels=APP | {"pod-template-hash": "new"}, spec=_spread(matchLabelKeys=["pod-template-hash"]))
    assert fits(new, full, empty)


def _in_zone(zone: str) -> dict[str, Any]:
    expression = {"key": ZONE_KEY, "operator": "In", "values": [zone]}
    return {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}


def test_a_pod_goes_to_the_zone_of_its_disk() -> None:
    claim = Claim.model_validate({"metadata": {"name": "data", "namespace": "default"}, "spec": {"volumeName": "disk"}})
    volume = PersistentVolume.model_validate({"metadata": {"name": "disk"}, "spec": {"nodeAffinity": _in_zone("a")}})
    known = Volumes.of([claim], [volume], [])
    here, there = place(node(zone="a")), place(node(zone="b"))
    cluster = Snapshot([here, there], known)
    bound = pod(spec={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]})
    assert fits(bound, here, known=cluster)
    assert not fits(bound, there, known=cluster)


def test_a_disk_to_be_made_is_made_only_where_its_class_allows() -> None:
    claim = Claim.model_validate(
        {"metadata": {"name": "data", "namespace": "default"}, "spec": {"storageClassName": "zonal"}}
    )
    topology = {"matchLabelExpressions": [{"key": ZONE_KEY, "operator": "In", "values": ["a"]}]}
    storage = StorageClass.model_validate({"metadata": {"name": "zonal"}, "allowedTopologies": [topology]})
    here, there = place(node(zone="a")), place(node(zone="b"))
    cluster = Snapshot([here, there], Volumes.of([claim], [], [storage]))
    waiting = pod(spec={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]})
    assert fits(waiting, here, known=cluster)
    assert not fits(waiting, there, known=cluster)


def test_a_claim_that_does_not_exist_fits_nowhere() -> None:
    lost = pod(spec={"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "none"}}]})
    assert not fits(lost, node())


def test_pods_placed_one_after_the_other_take_each_others_room() -> None:
    cluster = snapshot(node("one"), node("two"))
    placed, left = place_all([pod(cpu="600m") for _ in range(3)], cluster)
    assert sorted(item.spec.node_name for item in placed) == ["one", "two"]
    assert len(left) == 1


def test_a_copy_of_the_cluster_changes_for_itself() -> None:
    cluster = snapshot(place(node("one"), pod(labels=APP, spec=_with("podAntiAffinity", topologyKey=HOST_KEY))))
    copy = cluster.copy()
    copy.remove("one")
    assert not copy.has_repelling_pods
    assert cluster.has_repelling_pods
    assert "one" in cluster
