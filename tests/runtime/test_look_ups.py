"""Names are resolved as the pod's own configuration says."""

import asyncio
import json
import subprocess
import sys
import time
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from patchbay_runtime.reach import look_ups as bounds
from patchbay_runtime.reach.look_ups import AT_ONCE, NDOTS
from patchbay_runtime.steps.fault import StepFault

from tests.runtime.name_server import Zone, name_server
from tests.runtime.queue_workers import until

REPOSITORY = Path(__file__).resolve().parents[2]
SEARCH = ("flows.svc.cluster.local", "svc.cluster.local", "cluster.local")


async def test_a_service_is_looked_for_in_the_search_domains_first() -> None:
    service = "sink.loadtest.svc.cluster.local"
    async with name_server({service: ["10.96.0.7"]}, SEARCH) as (server, look_ups):
        assert await look_ups.addresses("one", "sink.loadtest.svc") == [ip_address("10.96.0.7")]
    assert list(dict.fromkeys(server.asked)) == [f"sink.loadtest.svc.{domain}" for domain in SEARCH]


@pytest.mark.parametrize("name", ["partner.example.com", "partner.example.com."])
async def test_a_partners_name_is_asked_for_as_it_stands(name: str) -> None:
    async with name_server({"partner.example.com": ["9.9.9.9"]}, SEARCH) as (server, look_ups):
        assert await look_ups.addresses("one", name) == [ip_address("9.9.9.9")]
    assert set(server.asked) == {"partner.example.com"}


async def test_every_address_is_given_once() -> None:
    given = ["9.9.9.9", "::ffff:127.0.0.1", "10.0.0.1", "9.9.9.9", "2606:4700::1111"]
    async with name_server({"partner.example.com": given}) as (_, look_ups):
        found = await look_ups.addresses("one", "partner.example.com")
    assert sorted(map(str, found)) == sorted(str(ip_address(each)) for each in set(given))


@pytest.mark.parametrize("name", ["x..example.com", f"{'a' * 64}.example.com", ".".join(["abcdefg"] * 40)])
async def test_what_can_be_no_name_is_a_fault_of_the_step(name: str) -> None:
    async with name_server({}) as (server, look_ups):
        with pytest.raises(StepFault, match="could not be resolved") as fault:
            await look_ups.addresses("one", name)
    assert (fault.value.code, server.asked) == ("http_connection", [])


async def test_an_answer_that_is_too_long_for_udp_is_asked_for_by_tcp() -> None:
    given = [f"9.9.9.{number}" for number in range(100)]
    async with name_server({"partner.example.com": given}) as (server, look_ups):
        found = await look_ups.addresses("one", "partner.example.com")
    assert set(map(str, found)) == set(given)
    assert "partner.example.com" in server.asked_by_tcp


async def test_after_an_outage_a_tenant_waits_no_longer_than_for_one_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that never comes is waited for by c-ares for longer than a step waits."""
    monkeypatch.setattr(bounds, "LONGEST_SECONDS", 1.0)
    domains = ("", ".flows.svc.cluster.local", ".svc.cluster.local", ".cluster.local")
    names = [f"partner-{number}.example.com" for number in range(AT_ONCE)]
    silent = {f"{name}{domain}": lambda: None for name in names for domain in domains}
    async with name_server({**silent, "partner.example.com": ["9.9.9.9"]}, SEARCH) as (_, look_ups):
        began = time.monotonic()
        faults = await asyncio.gather(*(look_ups.addresses("one", name) for name in names), return_exceptions=True)
        assert [fault.code for fault in faults if isinstance(fault, StepFault)] == ["http_timeout"] * AT_ONCE

        async def are_found() -> bool:
            try:
                return await look_ups.addresses("one", "partner.example.com") == [IPv4Address("9.9.9.9")]
            except StepFault:
                return False

        await until(are_found, 12, "the tenant's next look-up is answered")
        assert time.monotonic() - began >= bounds.LONGEST_SECONDS


async def test_look_ups_that_nobody_waits_for_are_still_the_tenants() -> None:
    silent = {f"silent-{number}.example.com": lambda: None for number in range(AT_ONCE)}
    zone: Zone = {**silent, "one.example.com": ["9.9.9.9"], "two.example.com": ["9.9.9.9"]}
    async with name_server(zone) as (server, look_ups):
        given_up = [asyncio.create_task(look_ups.addresses("one", name)) for name in silent]
        await until(lambda: set(server.asked) == set(silent), 30, "the silent names are asked for")
        for task in given_up:
            task.cancel()
        waiting = asyncio.create_task(look_ups.addresses("one", "one.example.com"))
        assert await look_ups.addresses("two", "two.example.com") == [ip_address("9.9.9.9")]
        assert "one.example.com" not in server.asked
        waiting.cancel()


HOSTS = """
10.1.2.3 of-hosts.example.com short-of-hosts
"""
ZONE = {
    "sink.loadtest.svc.cluster.local": ["10.96.0.7"],
    "api.flows.svc.cluster.local": ["10.96.0.8"],
    "partner.example.com": ["9.9.9.9", "2606:4700::1111"],
    "alias.example.com": ["second.example.net"],
    "second.example.net": ["third.example.org"],
    "third.example.org": ["10.0.0.1"],
    "six.example.com": ["::ffff:127.0.0.1"],
    "of-hosts.example.com": ["9.9.9.10"],
    "five.dots.in.this.name.example.com": ["9.9.9.11"],
    "five.dots.in.this.name.example.com.svc.cluster.local": ["10.0.0.9"],
}
# Of the cluster: looked for as the system does.
OWN_NAMES = ["sink.loadtest.svc", "sink.loadtest.svc.", "api", "API", "api.", "short-of-hosts", "nobody", "nobody.svc"]
# Of partners: looked for as they stand, without the search domains.
NAMES = [*ZONE, *(f"{name}." for name in ZONE), "sink.loadtest", "Of-Hosts.Example.com", "nobody.example.com"]


def test_a_pods_names_lead_where_its_system_says(tmp_path: Path) -> None:
    """Judged by the C library, with a /etc/resolv.conf and /etc/hosts of a pod, in namespaces of their own."""
    (tmp_path / "resolv.conf").write_text(f"nameserver 127.0.0.1\nsearch {' '.join(SEARCH)}\noptions ndots:{NDOTS}\n")
    (tmp_path / "hosts").write_text(HOSTS)
    script = f"""
        ip link set lo up
        mount --bind {tmp_path}/resolv.conf /etc/resolv.conf
        mount --bind {tmp_path}/hosts /etc/hosts
        exec "$@"
    """
    judged = {name: name for name in OWN_NAMES} | {name: f"{name.rstrip('.')}." for name in NAMES}
    program = [sys.executable, "-m", "tests.runtime.pods_names", json.dumps(ZONE), json.dumps(judged)]
    command = ["unshare", "--mount", "--net", "--propagation", "private", "bash", "-ec", script, "pod", *program]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=REPOSITORY)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert {name: ours for name, (ours, _) in found.items()} == {name: judge for name, (_, judge) in found.items()}
    assert found["sink.loadtest.svc"][0] == ["10.96.0.7"]
    assert found["sink.loadtest"][0] == []
    assert found["short-of-hosts"][0] == ["10.1.2.3"]
    assert found["nobody.example.com"][0] == []
