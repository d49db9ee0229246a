"""What a user of `pulumi up` gets for Kubernetes objects, by the real provider on a real API server."""

import base64
import json
import re

from tests.standins.pulumi_plugins.control_plane import ControlPlane
from tests.standins.pulumi_plugins.stack import Stack
from tests.waiting import eventually

CONFIG_MAP = """
    import pulumi
    import pulumi_kubernetes as k8s

    ns = k8s.core.v1.Namespace("ns", metadata={{"name": "{namespace}"}})
    cm = k8s.core.v1.ConfigMap(
        "settings",
        metadata={{"name": "settings", "namespace": ns.metadata.name, "labels": {{"color": "{color}"}}}},
        data={{"mode": "{mode}"}},
    )
    pulumi.export("uid", cm.metadata.uid)
"""


def test_up_creates_updates_and_destroys_and_a_second_up_changes_nothing(
    stack: Stack, control_plane: ControlPlane
) -> None:
    path = "/api/v1/namespaces/basics/configmaps/settings"
    program = CONFIG_MAP.format(namespace="basics", color="blue", mode="quiet")
    stack.write(program)
    assert stack.succeed("preview").count("create") == 3
    with control_plane.client() as client:
        assert client.get("/api/v1/namespaces/basics").status_code == 404, "a preview creates nothing"

        assert stack.up(program).count("created") == 3
        assert client.get(path).json()["data"] == {"mode": "quiet"}
        uid = stack.outputs()["uid"]

        assert stack.succeed("preview", "--expect-no-changes").count("unchanged") == 3
        assert stack.up(CONFIG_MAP.format(namespace="basics", color="red", mode="quiet")).count("updated") == 1
        assert client.get(path).json()["metadata"]["labels"] == {"color": "red"}
        assert stack.outputs()["uid"] == uid

        assert stack.up(CONFIG_MAP.format(namespace="basics", color="red", mode="loud")).count("replaced") == 1
        assert client.get(path).json()["data"] == {"mode": "loud"}
        assert stack.outputs()["uid"] != uid

        assert stack.succeed("destroy", "--yes", "--skip-preview").count("deleted") == 3
        assert client.get("/api/v1/namespaces/basics").status_code == 404


DEPLOYMENT = """
    import pulumi_kubernetes as k8s

    ns = k8s.core.v1.Namespace("ns", metadata={{"name": "{namespace}"}})
    k8s.apps.v1.Deployment(
        "web",
        metadata={{
            "name": "web", "namespace": ns.metadata.name, "annotations": {{"pulumi.com/timeoutSeconds": "{seconds}"}}
        }},
        spec={{
            "replicas": {replicas},
            "selector": {{"matchLabels": {{"app": "{app}"}}}},
            "template": {{
                "metadata": {{"labels": {{"app": "{app}"}}}},
                "spec": {{"containers": [{{"name": "web", "image": "{image}"}}]}},
            }},
        }},
    )
"""


def deployment(namespace: str, *, app: str = "web", image: str = "web:1", replicas: int = 0, seconds: int = 30) -> str:
    return DEPLOYMENT.format(namespace=namespace, app=app, image=image, replicas=replicas, seconds=seconds)


def test_a_deployment_that_does_not_become_ready_fails_with_its_cause_and_can_be_repaired(
    stack: Stack, control_plane: ControlPlane
) -> None:
    stack.write(deployment("unready", replicas=1, seconds=3))
    result = stack.fail("up", "--yes", "--skip-preview")
    assert "'web' timed out waiting to be Ready" in result.output

    # The cause is another process's to tell, which may take longer than the provider waits here.
    def is_told() -> None:
        deployed = client.get("/apis/apps/v1/namespaces/unready/deployments/web").json()
        conditions = {item["type"]: item["reason"] for item in deployed.get("status", {}).get("conditions", [])}
        assert conditions.get("Available") == "MinimumReplicasUnavailable", conditions

    with control_plane.client() as client:
        eventually(is_told, within=60)
    result = stack.fail("up", "--yes", "--skip-preview")
    assert "'web' timed out waiting to be Ready" in result.output
    assert "[MinimumReplicasUnavailable] Deployment does not have minimum availability" in result.output

    assert stack.up(deployment("unready", replicas=0)).count("updated") == 1


def test_an_immutable_field_replaces_the_object_and_the_preview_says_so(stack: Stack) -> None:
    stack.up(deployment("immutable"))
    stack.write(deployment("immutable", app="other"))
    preview = stack.succeed("preview", "--diff")
    assert preview.count("replace") == 1, preview.output
    assert re.search(r"app *: \"web\" => \"other\"", preview.output)
    assert stack.succeed("up", "--yes", "--skip-preview").count("replaced") == 1


def test_refresh_shows_drift_and_up_repairs_it(stack: Stack, control_plane: ControlPlane) -> None:
    stack.up(deployment("drift"))
    path = "/apis/apps/v1/namespaces/drift/deployments/web"
    assert stack.succeed("refresh", "--yes", "--skip-preview").count("unchanged") == 3
    with control_plane.client() as client:
        # As the program's own field manager: what another one changes is a conflict, which has a test of its own.
        live = client.get(path).json()
        manager = next(entry["manager"] for entry in live["metadata"]["managedFields"] if entry["operation"] == "Apply")
        changed = {name: live[name] for name in ("apiVersion", "kind", "spec")}
        changed["metadata"] = {name: live["metadata"][name] for name in ("name", "namespace", "annotations")}
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = "web:by-hand"
        client.patch(
            path,
            params={"fieldManager": manager, "force": "true"},
            content=json.dumps(changed),
            headers={"Content-Type": "application/apply-patch+yaml"},
        ).raise_for_status()

        assert stack.succeed("refresh", "--yes", "--skip-preview").count("updated") == 1
        drift = stack.succeed("preview", "--diff")
        assert '"web:by-hand" => "web:1"' in drift.output
        assert stack.succeed("up", "--yes", "--skip-preview").count("updated") == 1
        assert client.get(path).json()["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"

        client.delete(path).raise_for_status()
        assert stack.succeed("refresh", "--yes", "--skip-preview").count("deleted") == 1
        assert stack.succeed("up", "--yes", "--skip-preview").count("created") == 1


def test_a_field_of_another_manager_is_a_conflict_that_names_both(stack: Stack, control_plane: ControlPlane) -> None:
    stack.up(deployment("conflict"))
    with control_plane.client() as client:
        client.patch(
            "/apis/apps/v1/namespaces/conflict/deployments/web",
            params={"fieldManager": "kubectl-edit"},
            content=json.dumps({"spec": {"replicas": 2}}),
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()
    stack.write(deployment("conflict", replicas=0, image="web:2"))
    result = stack.fail("preview")
    assert 'conflict with "kubectl-edit"' in result.output
    assert ".spec.replicas" in result.output


HELD = """
    import pulumi_kubernetes as k8s

    k8s.core.v1.ConfigMap(
        "held",
        metadata={
            "name": "held",
            "namespace": "default",
            "finalizers": ["tests.example.com/held"],
            "annotations": {"pulumi.com/timeoutSeconds": "3"},
        },
    )
"""


def test_an_object_is_deleted_only_when_whoever_holds_it_lets_go(stack: Stack, control_plane: ControlPlane) -> None:
    stack.up(HELD)
    result = stack.fail("destroy", "--yes", "--skip-preview")
    assert "finalizers might be preventing deletion (tests.example.com/held)" in result.output
    assert "ConfigMap::held" in stack.state()
    with control_plane.client() as client:
        client.patch(
            "/api/v1/namespaces/default/configmaps/held",
            content=json.dumps({"metadata": {"finalizers": None}}),
            headers={"Content-Type": "application/merge-patch+json"},
        ).raise_for_status()
    assert stack.succeed("destroy", "--yes", "--skip-preview").count("deleted") == 2


CUSTOM = """
    import pulumi_kubernetes as k8s

    ns = k8s.core.v1.Namespace("ns", metadata={"name": "custom"})
    crd = k8s.apiextensions.v1.CustomResourceDefinition(
        "widgets",
        metadata={"name": "widgets.tests.example.com"},
        spec={
            "group": "tests.example.com",
            "names": {"kind": "Widget", "plural": "widgets"},
            "scope": "Namespaced",
            "versions": [{
                "name": "v1", "served": True, "storage": True,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                }},
            }],
        },
    )
    k8s.apiextensions.CustomResource(
        "one", api_version="tests.example.com/v1", kind="Widget",
        metadata={"name": "one", "namespace": "custom"}, spec={"size": 1},
    )
"""


def test_a_kind_and_its_objects_come_up_in_one_run_in_any_order(stack: Stack, control_plane: ControlPlane) -> None:
    stack.write(CUSTOM)
    assert stack.succeed("preview").count("create") == 4
    assert stack.succeed("up", "--yes", "--skip-preview").count("created") == 4
    assert stack.succeed("preview", "--expect-no-changes").count("unchanged") == 4
    with control_plane.client() as client:
        found = client.get("/apis/tests.example.com/v1/namespaces/custom/widgets/one").json()
        assert found["spec"] == {"size": 1}
        stack.succeed("destroy", "--yes", "--skip-preview")

        # The API server takes a kind that is gone out of its discovery a little later.
        def is_gone() -> None:
            assert client.get("/apis/tests.example.com/v1").status_code == 404

        eventually(is_gone, within=60)


def test_a_changed_config_map_is_updated_in_place_where_the_provider_says_so(
    stack: Stack, control_plane: ControlPlane
) -> None:
    """As the platform's provider does."""
    program = """
        import pulumi
        from patchbay_platform.cluster import ClusterConfig, ClusterNetworks, provider

        import pulumi_kubernetes as k8s

        networks = ClusterNetworks(api_server=["192.0.2.1/32"], edge=["192.0.2.0/24"])
        cluster = provider("cluster", ClusterConfig(kubeconfig="{kubeconfig}", networks=networks), after=[])
        k8s.core.v1.ConfigMap(
            "mutable",
            metadata={{"name": "mutable", "namespace": "default"}},
            data={{"mode": "{mode}"}},
            opts=pulumi.ResourceOptions(provider=cluster),
        )
    """
    stack.up(program.format(kubeconfig=control_plane.kubeconfig, mode="quiet"))
    assert stack.up(program.format(kubeconfig=control_plane.kubeconfig, mode="loud")).count("updated") == 1
    with control_plane.client() as client:
        assert client.get("/api/v1/namespaces/default/configmaps/mutable").json()["data"] == {"mode": "loud"}
    stack.succeed("destroy", "--yes", "--skip-preview")


def test_names_that_are_left_out_are_chosen_and_kept(stack: Stack) -> None:
    program = """
        import pulumi
        import pulumi_kubernetes as k8s

        cm = k8s.core.v1.ConfigMap("notes", data={{"text": "{text}"}})
        pulumi.export("name", cm.metadata.name)
        pulumi.export("namespace", cm.metadata.namespace)
    """
    stack.up(program.format(text="one"))
    first = stack.outputs()
    assert re.fullmatch(r"notes-[0-9a-f]{8}", first["name"])
    assert first["namespace"] == "default"
    assert stack.succeed("preview", "--expect-no-changes").count("unchanged") == 2
    stack.up(program.format(text="two"))
    assert stack.outputs()["name"] != first["name"], "pods that read it roll only for a new name"


def test_secrets_are_neither_shown_nor_kept_in_clear(stack: Stack) -> None:
    stack.up(
        """
        import pulumi
        import pulumi_kubernetes as k8s

        secret = k8s.core.v1.Secret(
            "password",
            metadata={"name": "password", "namespace": "default"},
            string_data={"password": "correct-horse-battery"},
        )
        pulumi.export("data", secret.data)
        """
    )
    encoded = base64.b64encode(b"correct-horse-battery").decode()
    state = stack.state()
    assert "correct-horse-battery" not in state
    assert encoded not in state
    refresh = stack.succeed("refresh", "--yes", "--skip-preview", "--diff")
    assert refresh.count("unchanged") == 2
    assert "correct-horse" not in refresh.output
    assert stack.outputs()["data"] == {"password": encoded}


def test_what_an_interrupted_update_has_created_is_adopted_by_the_next(
    stack: Stack, control_plane: ControlPlane
) -> None:
    stack.up(
        """
        import pulumi_kubernetes as k8s

        k8s.core.v1.ConfigMap("left", metadata={"name": "left", "namespace": "default"}, data={"a": "b"})
        """
    )
    # The state that a killed update leaves: the object is there, the stack knows nothing of it.
    stack.succeed("state", "delete", "urn:pulumi:test::tests::kubernetes:core/v1:ConfigMap::left", "--yes")
    assert stack.succeed("up", "--yes", "--skip-preview").count("created") == 1
    stack.succeed("destroy", "--yes", "--skip-preview")
    with control_plane.client() as client:
        assert client.get("/api/v1/namespaces/default/configmaps/left").status_code == 404


def test_yaml_kustomizations_and_imports_are_deployed(stack: Stack, control_plane: ControlPlane) -> None:
    manifests = stack.directory / "manifests"
    manifests.mkdir()
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: default}\ndata: {day: "2024-01-02"}\n'
    (manifests / "map.yaml").write_text(text % "kustomized")
    (manifests / "kustomization.yaml").write_text("resources: [map.yaml]\nnamePrefix: a-\n")
    (stack.directory / "group.yaml").write_text(text % "grouped")
    path = "/api/v1/namespaces/default/configmaps"
    with control_plane.client() as client:
        content = {"metadata": {"name": "by-hand"}, "data": {"a": "b"}}
        client.post(path, json=content).raise_for_status()
        result = stack.up(
            """
            import pulumi
            import pulumi_kubernetes as k8s

            k8s.kustomize.Directory("kustomized", directory="manifests")
            k8s.yaml.ConfigGroup("group", files=["group.yaml"])
            k8s.core.v1.ConfigMap(
                "adopted", metadata={"name": "by-hand", "namespace": "default"}, data={"a": "b"},
                opts=pulumi.ResourceOptions(import_="default/by-hand"),
            )
            """
        )
        assert result.count("imported") == 1
        for name in ("a-kustomized", "grouped"):
            assert client.get(f"{path}/{name}").json()["data"] == {"day": "2024-01-02"}
        stack.succeed("destroy", "--yes", "--skip-preview")
        assert client.get(f"{path}/by-hand").status_code == 404


JOB_AND_DEPENDENT = """
    import pulumi
    import pulumi_kubernetes as k8s

    ns = k8s.core.v1.Namespace("ns", metadata={{"name": "replaced-job"}})
    job = k8s.batch.v1.Job(
        "first",
        metadata={{"namespace": ns.metadata.name, "annotations": {{"pulumi.com/skipAwait": "true"}}}},
        spec={{
            "template": {{
                "spec": {{"restartPolicy": "Never", "containers": [{{"name": "first", "image": "{image}"}}]}}
            }}
        }},
    )
    made = job.metadata.apply(lambda _: "made")
    web = k8s.apps.v1.Deployment(
        "web",
        metadata={{"name": "web", "namespace": ns.metadata.name}},
        spec={{
            "replicas": 0,
            "selector": {{"matchLabels": {{"app": "web"}}}},
            "template": {{
                "metadata": {{"labels": {{"app": "web"}}}},
                "spec": {{
                    "containers": [{{"name": "web", "image": "web:1", "env": [{{"name": "A", "value": made}}]}}]
                }},
            }},
        }},
    )
    pulumi.export("uid", web.metadata.uid)
"""


def test_what_depends_on_a_replaced_job_stays_if_the_job_has_a_name_of_its_own_each_time(stack: Stack) -> None:
    """Of the same name, the Job would have to go first, and what depends on it before that."""
    stack.up(JOB_AND_DEPENDENT.format(image="first:1"))
    uid = stack.outputs()["uid"]
    assert stack.up(JOB_AND_DEPENDENT.format(image="first:2")).count("replaced") == 1
    assert stack.outputs()["uid"] == uid
