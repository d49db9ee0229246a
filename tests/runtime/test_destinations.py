"""Where calls may go: whatever a name leads to, and however an address is written."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from ipaddress import IPv4Address, ip_network
from socket import create_connection, create_server, socket

import pytest
from patchbay_runtime.calls import call as calls
from patchbay_runtime.queue.connection import connect
from patchbay_runtime.reach import look_ups as bounds
from patchbay_runtime.reach.destinations import Destinations
from patchbay_runtime.reach.look_ups import AT_ONCE
from patchbay_runtime.reach.openings import Openings
from patchbay_runtime.reach.rule import Reach
from patchbay_runtime.steps.fault import StepFault

from tests.runtime.authority import Authority
from tests.runtime.conftest import wait_until
from tests.runtime.name_server import NameServer, Zone, name_server
from tests.runtime.servers import Server

PARTNER = "partner.example.com"
# Of loopback, so that there are servers: this may be called as if it were the internet's, 127.0.0.1 may not.
PUBLIC, OTHER_PUBLIC, INNER = "127.0.0.2", "127.0.0.3", "127.0.0.1"
ANY_PORT = [(1, 65535)]


class Partner:
    """An HTTP server at one or more addresses with one port; `requests` by the address that they came to."""

    def __init__(self) -> None:
        self.port = 0
        self.connections: list[str] = []
        self.requests: list[tuple[str, bytes]] = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address: str = writer.get_extra_info("sockname")[0]
        self.connections.append(address)
        try:
            self.requests.append((address, await reader.readuntil(b"\r\n\r\n")))
            writer.write(self.answer)
        except asyncio.IncompleteReadError:
            pass
        writer.close()


@asynccontextmanager
async def partner(*addresses: str, context: ssl.SSLContext | None = None) -> AsyncIterator[Partner]:
    """Listens at each address, at the same port."""
    found = Partner()
    first = await asyncio.start_server(found.talk, addresses[0], 0, ssl=context)
    found.port = first.sockets[0].getsockname()[1]
    others = [await asyncio.start_server(found.talk, other, found.port, ssl=context) for other in addresses[1:]]
    try:
        yield found
    finally:
        for server in (first, *others):
            server.close()


class Worker:
    """What a worker's connectors call with."""

    def __init__(self, destinations: Destinations, server: NameServer) -> None:
        self.addresses = destinations.addresses
        self.server = server

    async def get(self, url: str, tenant: str = "one", timeout_seconds: float = 20) -> bytes:
        addresses = partial(self.addresses, tenant)
        return (await calls.call("GET", url, {}, None, timeout_seconds, addresses=addresses)).body

    async def refusal(self, url: str) -> StepFault:
        with pytest.raises(StepFault) as fault:
            await self.get(url)
        return fault.value


@pytest.fixture
def openings(redis_server: Server) -> Openings:
    return Openings(connect(redis_server.host, redis_server.port))


@asynccontextmanager
async def worker(
    zone: Zone, openings: Openings, *, ports: Sequence[tuple[int, int]] = ANY_PORT
) -> AsyncIterator[Worker]:
    """Within reach are PUBLIC and OTHER_PUBLIC, and what is the internet's."""
    private = [ip_network(PUBLIC), ip_network(OTHER_PUBLIC)]
    async with name_server(zone) as (server, look_ups):
        yield Worker(Destinations(Reach(ports, private), look_ups, openings), server)


INNER_ADDRESSES = {
    "loopback": ["127.0.0.1"],
    "any address": ["0.0.0.0"],  # noqa: S104
    "metadata": ["169.254.169.254"],
    "pod identity": ["169.254.170.23"],
    "private A": ["10.0.0.1"],
    "private B": ["172.31.255.255"],
    "private C": ["192.168.1.1"],
    "carriers' NAT": ["100.64.0.1"],
    "benchmarks": ["198.18.0.1"],
    "multicast": ["224.0.0.1"],
    "reserved": ["240.0.0.1"],
    "broadcast": ["255.255.255.255"],
    "loopback of IPv6": ["::1"],
    "any address of IPv6": ["::"],
    "mapped": ["::ffff:127.0.0.1"],
    "compatible": ["::127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1"],
    "NAT64 of metadata": ["64:ff9b::a9fe:a9fe"],
    "6to4": ["2002:7f00:1::"],
    "NAT64 of a public one, which no cluster translates": ["64:ff9b::808:808"],
    "6to4 of a public one": ["2002:808:808::"],
    "a relay's, which no policy lets pass": ["192.88.99.1"],
    "one of IANA's own that Python calls global": ["192.0.0.9"],
    "link-local of IPv6": ["fe80::1"],
    "unique local": ["fd00:ec2::254"],
    "IPv6": ["2606:4700::1111"],
    "each kind": ["10.0.0.1", "::1", "127.0.0.1", "fd00:ec2::254"],
    "another name": ["alias.example.com"],
}


@pytest.mark.parametrize("answer", list(INNER_ADDRESSES.values()), ids=list(INNER_ADDRESSES))
async def test_a_name_that_leads_to_no_public_address_is_not_called(openings: Openings, answer: list[str]) -> None:
    zone: Zone = {PARTNER: answer, "alias.example.com": ["second.example.net"], "second.example.net": ["10.0.0.1"]}
    async with partner(INNER) as inner, worker(zone, openings) as one:
        fault = await one.refusal(f"http://{PARTNER}:{inner.port}/")
    assert (fault.code, fault.retryable) == ("http_address_refused", False)
    assert PARTNER in fault.message
    assert "network.connectors.privateRanges" in fault.message
    assert not any(address in fault.message for address in (*answer, "10.0.0.1"))
    assert inner.connections == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0177.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "127\u30020\u30020\u30021",
        "127\uff0e0\uff0e0\uff0e1",
        "127.0.0.1\u3002",
        "localhost",
        "LOCALHOST.",
        "any.localhost",
        "metadata.google.internal",
        "metadata\u3002google\u3002internal",
    ],
)
async def test_no_spelling_of_an_inner_address_is_called(openings: Openings, host: str) -> None:
    async with partner(INNER) as inner, worker({}, openings) as one:
        fault = await one.refusal(f"http://{host}:{inner.port}/")
    assert (fault.code, fault.retryable, inner.connections) == ("http_address_refused", False, [])


@pytest.mark.parametrize("host", [PARTNER, f"{PARTNER}.", PARTNER.upper(), PARTNER.replace(".", "\u3002")])
async def test_a_public_name_is_called_however_it_is_written(openings: Openings, host: str) -> None:
    async with partner(PUBLIC) as public, worker({PARTNER: [PUBLIC]}, openings) as one:
        assert await one.get(f"http://{host}:{public.port}/") == b"ok"


@pytest.mark.parametrize(
    "answer", [[INNER, PUBLIC], [PUBLIC, INNER], ["::1", PUBLIC, "10.0.0.1"], ["alias.example.com"]]
)
async def test_of_an_answer_with_both_only_the_public_address_is_called(openings: Openings, answer: list[str]) -> None:
    zone: Zone = {PARTNER: answer, "alias.example.com": [INNER, PUBLIC]}
    async with partner(PUBLIC, INNER) as both, worker(zone, openings) as one:
        for _ in range(5):
            assert await one.get(f"http://{PARTNER}:{both.port}/") == b"ok"
    assert set(both.connections) == {PUBLIC}


async def test_what_was_judged_is_what_is_called_though_the_name_leads_elsewhere_by_then(openings: Openings) -> None:
    answers = iter([PUBLIC, INNER, INNER, INNER])
    current = PUBLIC

    def rebound() -> Sequence[str]:
        nonlocal current
        # A question for each type of address.
        current = next(answers) if len(server.asked) % 2 else current
        return [current]

    async with partner(PUBLIC, INNER) as both, worker({PARTNER: rebound}, openings) as one:
        server = one.server
        assert await one.get(f"http://{PARTNER}:{both.port}/") == b"ok"
        assert server.asked == [PARTNER, PARTNER]
        assert (await one.refusal(f"http://{PARTNER}:{both.port}/")).code == "http_address_refused"
    assert both.connections == [PUBLIC]


@contextmanager
def silent(address: str, port: int) -> Iterator[socket]:
    """A port that answers no attempt to connect: its queue is full."""
    with create_server((address, port), backlog=0) as full, closing(create_connection(full.getsockname())):
        yield full


async def test_the_next_address_is_tried_where_one_refuses(openings: Openings) -> None:
    async with partner(PUBLIC) as public, worker({PARTNER: [OTHER_PUBLIC, PUBLIC]}, openings) as one:
        assert await one.get(f"http://{PARTNER}:{public.port}/") == b"ok"


async def test_the_next_address_is_tried_where_one_is_silent() -> None:
    async def in_this_order(_host: str, _port: int) -> Sequence[IPv4Address]:
        return [IPv4Address(OTHER_PUBLIC), IPv4Address(PUBLIC)]

    async with partner(PUBLIC) as public:
        with silent(OTHER_PUBLIC, public.port):
            url = f"http://{PARTNER}:{public.port}/"
            assert (await calls.call("GET", url, {}, None, 4, addresses=in_this_order)).body == b"ok"


async def test_where_nobody_answers_the_call_may_be_tried_again(openings: Openings) -> None:
    async with worker({PARTNER: [OTHER_PUBLIC, PUBLIC]}, openings) as one:
        fault = await one.refusal(f"http://{PARTNER}:1/")
    assert (fault.code, fault.retryable) == ("http_connection", True)


def trusted(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, host: str
) -> tuple[ssl.SSLContext, list[str | None]]:
    """A server's context with a certificate for `host`, and the names that it is asked for."""
    client = ssl.create_default_context(cafile=str(authority.ca_file))
    monkeypatch.setattr(calls, "_trust", lambda: client)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.server(host))
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    return context, asked


async def test_certificate_and_host_are_the_names_though_an_address_is_called(
    openings: Openings, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, asked = trusted(authority, monkeypatch, PARTNER)
    async with (
        partner(PUBLIC, context=context) as public,
        worker({PARTNER: [PUBLIC], "other.example.com": [PUBLIC]}, openings) as one,
    ):
        assert await one.get(f"https://{PARTNER}:{public.port}/") == b"ok"
        [(_, request)] = public.requests
        assert f"Host: {PARTNER}:{public.port}".encode() in request
        fault = await one.refusal(f"https://other.example.com:{public.port}/")
    assert asked == [PARTNER, "other.example.com"]
    assert (fault.code, len(public.requests)) == ("http_connection", 1)


async def test_a_redirect_to_an_inner_address_is_not_followed(openings: Openings) -> None:
    async with partner(PUBLIC, INNER) as both, worker({PARTNER: [PUBLIC]}, openings) as one:
        location = f"Location: http://{INNER}:{both.port}/".encode()
        both.answer = b"HTTP/1.1 302 Found\r\n" + location + b"\r\nContent-Length: 0\r\n\r\n"
        assert (await one.refusal(f"http://{PARTNER}:{both.port}/")).message == "answered with status 302"
    assert both.connections == [PUBLIC]


async def test_a_port_that_is_closed_now_is_not_called_for_a_flow_that_is_older(openings: Openings) -> None:
    async with (
        partner(PUBLIC) as public,
        worker({PARTNER: [PUBLIC]}, openings, ports=[(443, 443)]) as one,
    ):
        fault = await one.refusal(f"http://{PARTNER}:{public.port}/")
    assert (fault.code, fault.retryable) == ("http_address_refused", False)
    assert f"port {public.port} is not open to connectors here, only 443" in fault.message
    assert public.connections == one.server.asked == []


async def test_a_name_that_does_not_exist_may_be_tried_again(openings: Openings) -> None:
    async with worker({}, openings) as one:
        fault = await one.refusal(f"https://{PARTNER}/")
    assert (fault.code, fault.retryable) == ("http_connection", True)
    assert fault.message == f"the name {PARTNER} could not be resolved (Domain name not found)"


@pytest.mark.parametrize("name", ["redis", "redis.data.svc", "redis.data.svc.cluster.local", "redis.data"])
async def test_a_tenant_does_not_learn_which_services_the_cluster_has(openings: Openings, name: str) -> None:
    search = ("flows.svc.cluster.local", "svc.cluster.local", "cluster.local")
    told: list[tuple[str, str, bool]] = []
    for zone in ({}, {f"{one}.svc.cluster.local": [INNER] for one in ("redis.flows", "redis.data")}):
        async with name_server(zone, search) as (_, look_ups):
            with pytest.raises(StepFault) as fault:
                await Destinations(Reach(ANY_PORT), look_ups, openings).addresses("one", name, 6379)
        told.append((fault.value.code, fault.value.message, fault.value.retryable))
    assert told[0] == told[1]


# What c-ares reads as another letter, or as the end.
@pytest.mark.parametrize(
    "name", [r"redis.data.svc.cluster.loc\097l", r"ip-10-0-0-1.ec2.interna\108", "a..example.com", "a b"]
)
async def test_a_name_that_resolvers_would_read_otherwise_is_refused(openings: Openings, name: str) -> None:
    async with name_server({}) as (server, look_ups):
        with pytest.raises(StepFault) as fault:
            await Destinations(Reach(ANY_PORT), look_ups, openings).addresses("one", name, 443)
    assert (fault.value.code, server.asked) == ("http_address_refused", [])
    assert [*Reach(ANY_PORT).faults(f"https://{name}/")]


async def test_slow_name_servers_of_one_tenant_hold_up_no_other(
    openings: Openings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "LONGEST_SECONDS", 3.0)
    slow = {f"slow-{number}.example.com": lambda: None for number in range(3 * AT_ONCE)}
    async with partner(PUBLIC) as public, worker({PARTNER: [PUBLIC], **slow}, openings) as one:
        waiting = [asyncio.create_task(one.refusal(f"http://{name}:{public.port}/")) for name in slow]
        await asyncio.to_thread(wait_until, lambda: len(set(one.server.asked)) == AT_ONCE)
        for _ in range(20):
            assert await one.get(f"http://{PARTNER}:{public.port}/", tenant="two") == b"ok"
        assert not any(task.done() for task in waiting)
        assert len({name for name in one.server.asked if name in slow}) == AT_ONCE
        faults = await asyncio.wait_for(asyncio.gather(*waiting), 20)
    assert {(fault.code, fault.retryable) for fault in faults} == {("http_timeout", True)}


async def test_a_look_up_ends_with_its_step(openings: Openings) -> None:
    async with worker({PARTNER: lambda: None}, openings) as one:
        with pytest.raises(StepFault, match=r"no complete answer within 0\.3 s") as fault:
            await one.get(f"https://{PARTNER}/", timeout_seconds=0.3)
    assert (fault.value.code, fault.value.retryable) == ("http_timeout", True)
