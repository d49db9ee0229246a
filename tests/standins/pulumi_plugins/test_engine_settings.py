"""How a provider's settings and kubeconfig are understood, and what is said about wrong ones."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from patchbay_standins.pulumi_plugins.kubernetes_provider import kubeconfig
from patchbay_standins.pulumi_plugins.kubernetes_provider.settings import Settings
from patchbay_standins.pulumi_plugins.plugin.errors import SettingsError

CONTENT: dict[str, Any] = {
    "current-context": "here",
    "contexts": [
        {"name": "here", "context": {"cluster": "one", "user": "me", "namespace": "mine"}},
        {"name": "there", "context": {"cluster": "two", "user": "plugin"}},
    ],
    "clusters": [
        {"name": "one", "cluster": {"server": "https://127.0.0.1:6443/"}},
        {"name": "two", "cluster": {"server": "https://127.0.0.2:6443"}},
    ],
    "users": [
        {"name": "me", "user": {"token": "token-of-the-tests"}},
        {"name": "plugin", "user": {"exec": {"command": "login"}}},
    ],
}


def test_a_kubeconfig_is_taken_as_a_path_as_content_or_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(CONTENT))
    monkeypatch.setenv("KUBECONFIG", str(path))
    for settings in (
        Settings(kubeconfig=str(path)),
        Settings(kubeconfig=path.read_text()),
        Settings.parse({"kubeconfig": CONTENT}),
        Settings(),
    ):
        cluster = kubeconfig.load(settings)
        assert (cluster.server, cluster.namespace, cluster.token) == (
            "https://127.0.0.1:6443",
            "mine",
            "token-of-the-tests",
        )
    assert kubeconfig.load(Settings(namespace="other")).namespace == "other"
    assert kubeconfig.load(Settings(cluster="two")).server == "https://127.0.0.2:6443"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"kubeconfig": "/nowhere/kubeconfig"}, "kubeconfig: /nowhere/kubeconfig cannot be read"),
        ({"context": "absent"}, "no entry named 'absent' under `contexts`"),
        ({"context": "there"}, "`exec` or `auth-provider` entry are not supported"),
        ({"enableServerSideApply": "false"}, "enableServerSideApply: this provider only applies server-side"),
        ({"enablePatchForce": "yes"}, "enablePatchForce: must be true or false"),
        ({"renderYamlToDirectory": "out"}, "renderYamlToDirectory: not supported"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, Any], expected: str) -> None:
    content = yaml.safe_dump(CONTENT)
    with pytest.raises(SettingsError) as error:
        kubeconfig.load(Settings.parse({"kubeconfig": content} | values))
    assert expected in str(error.value)
    assert "token-of-the-tests" not in str(error.value)
