"""A wrong stack config is refused before anything is touched, with the field and the remedy."""

import json
from pathlib import Path
from typing import Any

import pytest
from patchbay_config.errors import ConfigError
from patchbay_config.model import Model
from patchbay_config.stack import load as load_config
from patchbay_platform.images import ImageLock
from patchbay_platform.settings import PlatformSettings


class Stack(Model):
    """The part of a stack's config that is about the platform."""

    platform: PlatformSettings


def load(config: dict[str, str]) -> PlatformSettings:
    return load_config(Stack, config).platform


def with_value(config: dict[str, str], field: str, value: Any) -> dict[str, str]:
    """A copy of `config` in which `patchbay:key.path[0].to` is `value`; None removes the field."""
    key, *path = field.replace("[", ".").replace("]", "").split(".")
    changed = {name: json.loads(text) if text[:1] in "{[" else text for name, text in config.items()}
    target, name = changed, key
    for part in path:
        target, name = target[name], int(part) if part.isdigit() else part  # type: ignore[assignment]
    if value is None:
        del target[name]
    else:
        target[name] = value
    return {name: text if isinstance(text, str) else json.dumps(text) for name, text in changed.items()}


def test_the_local_stack_s_config_is_accepted(local_config: dict[str, str]) -> None:
    assert isinstance(load(local_config), PlatformSettings)


def test_config_of_other_projects_is_left_alone(local_config: dict[str, str]) -> None:
    load({**local_config, "aws:region": "eu-central-1"})


@pytest.mark.parametrize(
    ("field", "value", "remedy"),
    [
        ("patchbay:platform.imageLock", None, "set it in the stack's config file"),
        ("patchbay:platform.gateway", None, "set it in the stack's config file"),
        ("patchbay:platform.redis.storage.size", None, "set it in the stack's config file"),
        ("patchbay:gateway", {}, "correct its spelling or remove it"),
        ("patchbay:platform.gatewy", {}, "correct its spelling or remove it"),
        ("patchbay:platform.nodes", {"worker": {}}, "correct its spelling or remove it"),
        ("patchbay:platform.gateway.nodeprot", 30080, "correct its spelling or remove it"),
        ("patchbay:platform.cluster.kubeconfig", "/nowhere/kubeconfig", "bring the cluster up first"),
        ("patchbay:platform.gateway.nodePort", 80, "greater than or equal to 30000"),
        ("patchbay:platform.gateway.healthNodePort", 30080, "give one of them another port"),
        ("patchbay:platform.gateway.healthNodePort", 443, "greater than or equal to 30000"),
        ("patchbay:platform.gateway.clientAddress", "header", "'proxyProtocol' or 'forwardedFor'"),
        ("patchbay:platform.gateway.drainSeconds", 0, "greater than or equal to 1"),
        ("patchbay:platform.gateway.replicas", 0, "greater than or equal to 1"),
        ("patchbay:platform.gateway.responseSeconds", 60, "greater than or equal to 61"),
        ("patchbay:platform.cluster.networks.edge", ["0.0.0.0/0"], "name the networks of the load balancer"),
        ("patchbay:platform.cluster.networks.edge", [], "at least 1 item"),
        ("patchbay:platform.gateway.routes[0].prefix", "hooks", "should match pattern"),
        ("patchbay:platform.gateway.routes[0].prefix", '/a"/', "should match pattern"),
        ("patchbay:platform.gateway.routes[0].allowlist[0]", "not a network", "not a valid IPv4 network"),
        ("patchbay:platform.gateway.routes[0].requestsPerSecond", 0, "greater than or equal to 1"),
        ("patchbay:platform.gateway.routes[0].bodyLimitBytes", 10_000_000, "less than or equal to 1048576"),
        ("patchbay:platform.redis.storage.size", "2 GB", "should match pattern"),
        ("patchbay:platform.redis.maxMemoryMib", 1, "greater than or equal to 32"),
        ("patchbay:platform.mariadb.bufferPoolMib", "much", "valid integer"),
        ("patchbay:platform.prometheus.retentionHours", 0, "greater than or equal to 1"),
        ("patchbay:platform.prometheus.memory", "lots", "should match pattern"),
        ("patchbay:platform.quotas.runtime.cpu", "many", "should match pattern"),
        ("patchbay:platform.cluster.networks.apiServer", [], "at least 1 item"),
        ("patchbay:platform.network.connectors.ports", [], "at least 1 item"),
        ("patchbay:platform.network.connectors.ports", [70000], "write it like 443 or 8000-8100"),
        ("patchbay:platform.network.connectors.ports", ["8100-8000"], "write it like 443 or 8000-8100"),
        ("patchbay:platform.network.connectors.ports", [80], "80, of the agent that gives pods their identity; leave"),
        ("patchbay:platform.network.connectors.ports", ["1-65535"], "holds 80, of the agent"),
        ("patchbay:platform.network.connectors.ports", ["30080"], "holds 30000-32767, of services on the nodes"),
        ("patchbay:platform.network.connectors.ports", [443, 6379], "6379 holds 6379, of Redis; leave it out"),
        ("patchbay:platform.network.connectors.privateRanges", ["8.8.8.0/24"], "connectors may call anyway; remove it"),
        ("patchbay:platform.network.connectors.privateRanges", ["169.254.169.254/32"], "the machine itself"),
        ("patchbay:platform.network.connectors.privateRanges", ["10.0.0.0/8"], "of the environment's own; narrow or"),
        ("patchbay:platform.keda.kustomization", "", "at least 1 character"),
        ("patchbay:platform.api", {"logLevel": "LOUD"}, "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("patchbay:platform.scaling", {"scaleDownSeconds": -1}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_field_is_named_with_its_remedy(
    local_config: dict[str, str], field: str, value: Any, remedy: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        load(with_value(local_config, field, value))
    (line,) = [line for line in str(refused.value).splitlines() if remedy in line]
    named = line.partition(": ")[0]
    assert named.startswith(field) or field.startswith(named), line


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"allowlist": []}, "list the networks that may call it, or set `public: true`"),
        ({"allowlist": ["0.0.0.0/0"]}, "narrow it, or set `public: true` instead"),
        ({"allowlist": ["10.0.0.0/8", "::/0"]}, "narrow it, or set `public: true` instead"),
        ({"public": True}, "exclude each other; remove one of them"),
    ],
)
def test_a_route_open_to_everyone_must_say_so(
    local_config: dict[str, str], change: dict[str, Any], remedy: str
) -> None:
    route = json.loads(local_config["patchbay:platform"])["gateway"]["routes"][1] | change
    with pytest.raises(ConfigError, match=r"patchbay:platform\.gateway\.routes\[1\]: ") as refused:
        load(with_value(local_config, "patchbay:platform.gateway.routes[1]", route))
    assert remedy in str(refused.value)


def test_a_route_that_says_so_may_be_open_to_everyone(local_config: dict[str, str]) -> None:
    route = {"prefix": "/hooks/", "public": True, "requestsPerSecond": 10, "bodyLimitBytes": 1000}
    load(with_value(local_config, "patchbay:platform.gateway.routes[0]", route))


def test_a_prefix_has_one_route(local_config: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="keep one route for each prefix"):
        load(with_value(local_config, "patchbay:platform.gateway.routes[1].prefix", "/hooks/"))


def test_every_wrong_field_is_named_at_once(local_config: dict[str, str]) -> None:
    wrong = with_value(local_config, "patchbay:platform.gateway.nodePort", 80)
    wrong = with_value(wrong, "patchbay:platform.redis.maxMemoryMib", 1)
    with pytest.raises(ConfigError) as refused:
        load(wrong)
    assert "patchbay:platform.gateway.nodePort" in str(refused.value)
    assert "patchbay:platform.redis.maxMemoryMib" in str(refused.value)


def test_a_refused_value_is_not_repeated_as_it_may_be_a_secret(local_config: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        load(with_value(local_config, "patchbay:platform.mariadb.bufferPoolMib", "hunter2"))
    assert "hunter2" not in str(refused.value)


def test_an_image_by_tag_is_refused(image_lock: Path, tmp_path: Path) -> None:
    images = json.loads(image_lock.read_text()) | {"redis": "registry.example:5000/patchbay/redis:7"}
    (tmp_path / "images.json").write_text(json.dumps(images))
    with pytest.raises(ConfigError, match=r"patchbay:platform.imageLock: .*by digest:\nredis: "):
        ImageLock.load(tmp_path / "images.json", field="patchbay:platform.imageLock")


def test_an_image_that_is_not_locked_is_named(image_lock: Path, tmp_path: Path) -> None:
    images = json.loads(image_lock.read_text())
    del images["json-exporter"]
    (tmp_path / "images.json").write_text(json.dumps(images))
    with pytest.raises(ConfigError, match="json-exporter: missing; push the image and lock it"):
        ImageLock.load(tmp_path / "images.json", field="patchbay:platform.imageLock")


def test_a_lock_that_does_not_exist_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"patchbay:platform.imageLock: cannot read .*build and push the images first"
    ):
        ImageLock.load(tmp_path / "absent.json", field="patchbay:platform.imageLock")
