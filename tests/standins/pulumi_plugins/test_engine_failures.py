"""What a user of `pulumi` is told when something is wrong."""

import signal
import subprocess
import time

from tests.standins.pulumi_plugins.control_plane import ControlPlane
from tests.standins.pulumi_plugins.stack import Stack

# As docs/environments.md gives it.
WITHOUT_CLUSTERS = "**kubernetes:*/v*:**"


def test_an_error_of_the_program_is_shown_from_its_own_first_line_on(stack: Stack) -> None:
    stack.write(
        """
        print("the program says hello")

        def fail():
            raise ValueError("no such colour: mauve")

        fail()
        """
    )
    result = stack.fail("preview")
    assert "the program says hello" in result.output
    assert "ValueError: no such colour: mauve" in result.output
    assert "__main__.py" in result.output
    assert "runpy" not in result.output
    assert "pulumi-language-python-exec" not in result.output


def test_a_program_that_ends_itself_shows_its_reason_and_no_traceback(stack: Stack) -> None:
    stack.write("import pulumi\nraise pulumi.RunError('widgets: at least 1, set patchbay:widgets')\n")
    result = stack.fail("preview")
    assert "error: widgets: at least 1, set patchbay:widgets" in result.output
    assert "Traceback" not in result.output


def test_configuration_and_secrets_reach_the_program(stack: Stack) -> None:
    stack.succeed("config", "set", "colour", "mauve")
    stack.succeed("config", "set", "--secret", "word", "xyzzy-plugh")
    stack.up(
        """
        import pulumi

        config = pulumi.Config()
        pulumi.export("colour", config.require("colour"))
        pulumi.export("word", config.require_secret("word"))
        """
    )
    assert stack.outputs() == {"colour": "mauve", "word": "xyzzy-plugh"}
    assert "xyzzy-plugh" not in stack.state()


def test_a_virtual_environment_that_is_not_there_is_named(stack: Stack) -> None:
    project = stack.directory / "Pulumi.yaml"
    project.write_text("name: tests\nruntime:\n  name: python\n  options:\n    virtualenv: nowhere\n")
    result = stack.fail("preview")
    assert f"{stack.directory}/nowhere" in result.output
    assert "pulumi install" in result.output


def test_about_and_required_plugins_are_answered(stack: Stack) -> None:
    stack.write("import pulumi_kubernetes\n")
    result = stack.succeed("about", "--transitive")
    assert "python" in result.output
    assert "pulumi_kubernetes" in result.output
    assert "kubernetes" in stack.succeed("plugin", "ls", "--project").output


def test_an_unreachable_api_server_is_named(stack: Stack, control_plane: ControlPlane) -> None:
    nobody = "https://127.0.0.1:9"
    kubeconfig = stack.directory / "kubeconfig"
    kubeconfig.write_text(control_plane.kubeconfig.read_text().replace(control_plane.address, nobody))
    stack.write(
        f"""
        import pulumi
        import pulumi_kubernetes as k8s

        provider = k8s.Provider("away", kubeconfig="{kubeconfig}")
        k8s.core.v1.ConfigMap("a", data={{"a": "b"}}, opts=pulumi.ResourceOptions(provider=provider))
        """
    )
    result = stack.fail("up", "--yes", "--skip-preview")
    assert "configured Kubernetes cluster is unreachable" in result.output
    assert nobody in result.output


def test_an_up_that_lost_the_api_server_is_gone_on_with_by_the_next(stack: Stack, control_plane: ControlPlane) -> None:
    names = range(40)
    stack.write(
        """
        import pulumi_kubernetes as k8s

        previous = None
        for number in range(40):
            previous = k8s.core.v1.ConfigMap(
                f"restart-{number}",
                metadata={"name": f"restart-{number}", "namespace": "default"},
                data={"previous": previous.metadata.name if previous else ""},
            )
        """
    )
    path = "/api/v1/namespaces/default/configmaps"
    with stack.start("up", "--yes", "--skip-preview") as running:
        with control_plane.client() as client:
            deadline = time.monotonic() + 60
            while client.get(f"{path}/restart-1").status_code == 404 and time.monotonic() < deadline:
                time.sleep(0.05)
        control_plane.kill_api_server()
        control_plane.start_api_server()
        running.communicate(timeout=120)
    stack.succeed("up", "--yes", "--skip-preview")
    with control_plane.client() as client:
        found = {item["metadata"]["name"] for item in client.get(path).json()["items"]}
    assert {f"restart-{number}" for number in names} <= found
    stack.succeed("destroy", "--yes", "--skip-preview")


def test_an_interrupted_up_ends_at_once_keeps_what_exists_and_goes_on(stack: Stack) -> None:
    stack.write(
        """
        import pulumi_kubernetes as k8s

        k8s.core.v1.Pod(
            "forever",
            metadata={"name": "forever", "namespace": "default"},
            spec={"containers": [{"name": "a", "image": "a"}]},
        )
        """
    )
    with stack.start("up", "--yes", "--skip-preview") as running:
        assert running.stdout
        # Before that the provider may still be reading the API server's answer, and its cancellation is another error.
        waits = next((line for line in running.stdout if "forever" in line and "Waiting for" in line), "")
        running.send_signal(signal.SIGINT)
        try:
            output, _ = running.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            running.kill()
            raise
        assert waits, output
        assert 'Resource operation was cancelled for "forever"' in output
        assert "Traceback" not in output
    assert "pending_operations" not in stack.state()
    assert stack.succeed("destroy", "--yes", "--skip-preview").count("deleted") == 2


def test_what_is_not_in_the_cluster_can_be_changed_while_its_api_server_is_away(
    stack: Stack, control_plane: ControlPlane
) -> None:
    program = """
        import pulumi
        import pulumi_kubernetes as k8s

        provider = k8s.Provider("cluster", kubeconfig="KUBECONFIG")
        platform = pulumi.ComponentResource("tests:index:Platform", "platform")
        opts = pulumi.ResourceOptions(provider=provider, parent=platform)
        kept = pulumi.Stash("beside", input="VALUE")
        k8s.core.v1.ConfigMap("a", metadata={"name": "beside", "namespace": "default"}, data={"a": "VALUE"}, opts=opts)
        pulumi.export("beside", kept.input)
        """.replace("KUBECONFIG", str(control_plane.kubeconfig))
    stack.up(program.replace("VALUE", "first"))
    control_plane.kill_api_server()
    try:
        stack.write(program.replace("VALUE", "second"))
        assert "unreachable" in stack.fail("up", "--yes", "--skip-preview").output
        stack.succeed("up", "--yes", "--exclude", WITHOUT_CLUSTERS)
        assert stack.outputs()["beside"] == "second"
    finally:
        control_plane.start_api_server()
    with control_plane.client() as client:
        path = "/api/v1/namespaces/default/configmaps/beside"
        assert client.get(path).json()["data"] == {"a": "first"}
        stack.succeed("up", "--yes", "--skip-preview")
        assert client.get(path).json()["data"] == {"a": "second"}
    stack.succeed("destroy", "--yes", "--skip-preview")
