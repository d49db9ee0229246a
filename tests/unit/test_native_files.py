"""Native configuration files, checked by the programs that read them."""

import json
import subprocess
import time
from pathlib import Path

import yaml
from patchbay_local.machine import paths
from patchbay_platform.gateway.config import GatewayConfig

from tests.pinned_tools import need
from tests.pinned_tools import program as tool

from .conftest import Program

PLATFORM = Path(__file__).resolve().parents[2] / "platform/patchbay_platform"


def accepted(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_haproxy_takes_the_gateway_s_configuration(program: Program, tmp_path: Path) -> None:
    config = tmp_path / "haproxy.cfg"
    # The name is resolved while it runs, not while it is checked.
    config.write_text(program.one("ConfigMap", "gateway").inputs["data"]["haproxy.cfg"])
    accepted(tool("haproxy"), "-c", "-f", config)


def test_every_allowlist_of_the_stack_stands_in_the_gateway_s_configuration(
    program: Program, local_config: dict[str, str]
) -> None:
    config = program.one("ConfigMap", "gateway").inputs["data"]["haproxy.cfg"]
    gateway = GatewayConfig.model_validate(json.loads(local_config["patchbay:platform"])["gateway"])
    for route in gateway.routes:
        for network in route.allowlist:
            assert f"acl allowed_{route.name} src {network}\n" in config
        assert f"deny_status 403 if route_{route.name} !allowed_{route.name}\n" in config


def test_the_json_exporter_takes_its_configuration() -> None:
    exporter = paths.BIN / "json_exporter"
    need(exporter)
    accepted(exporter, "--config.check", f"--config.file={PLATFORM / 'json_exporter/native/config.yml'}")


def test_the_exporter_names_the_metrics_that_the_rules_ask_for() -> None:
    modules = yaml.safe_load((PLATFORM / "json_exporter/native/config.yml").read_text())["modules"]
    (metric,) = modules["horizon"]["metrics"]
    assert {f"{metric['name']}_{value}" for value in metric["values"]} == {
        "patchbay_horizon_length",
        "patchbay_horizon_reserved",
        "patchbay_horizon_processes",
        "patchbay_horizon_wait_seconds",
    }
    assert metric["labels"] == {"shape": "{ .name }"}


def test_the_pods_mount_the_native_files_as_they_are(program: Program) -> None:
    for name in ("redis", "mariadb", "json-exporter", "credentials"):
        directory = PLATFORM / name.replace("-", "_") / "native"
        expected = {file.name: file.read_text() for file in directory.iterdir() if file.is_file()}
        assert program.one("ConfigMap", name).inputs["data"] == expected


def test_redis_starts_with_its_configuration_and_persists_what_it_gets(tmp_path: Path) -> None:
    config = (PLATFORM / "redis/native/redis.conf").read_text()
    settings = dict(line.split(" ", 1) for line in config.splitlines() if line and not line.startswith("#"))
    assert (settings["appendonly"], settings["maxmemory-policy"]) == ("yes", "noeviction")
    (tmp_path / "users.acl").write_text("user default on nopass ~* &* +@all\n")
    local = config.replace("/etc/redis-acl/", f"{tmp_path}/").replace("dir /data", f"dir {tmp_path}")
    local = local.replace("port 6379", "port 0").replace("bind * -::*", f"unixsocket {tmp_path}/socket")
    (tmp_path / "redis.conf").write_text(local)
    server = subprocess.Popen([tool("redis-server"), tmp_path / "redis.conf"], stdout=subprocess.DEVNULL)
    client = [tool("redis-cli"), "-s", str(tmp_path / "socket"), "set", "key", "value"]
    deadline = time.monotonic() + 15
    try:
        while subprocess.run(client, capture_output=True, check=False).stdout != b"OK\n":
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.05)
    finally:
        server.terminate()
        server.wait(timeout=10)
    assert b"value" in next((tmp_path / "appendonlydir").glob("*.incr.aof")).read_bytes()
