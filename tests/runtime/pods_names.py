"""A program that resolves names by its own look-ups and by the system's resolver, with a name server at the usual port.

Its arguments are the zone, and the names with what the system is to be asked for in their place, as JSON.
"""

import asyncio
import json
import socket
import sys
from collections.abc import Mapping
from ipaddress import ip_address

from patchbay_runtime.reach.look_ups import LookUps
from patchbay_runtime.steps.fault import StepFault

from tests.runtime.name_server import NameServer, Zone


def by_the_system(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return sorted({str(ip_address(address[0])) for *_, address in found})


async def by_look_ups(look_ups: LookUps, name: str) -> list[str]:
    try:
        return sorted(map(str, await look_ups.addresses("one", name)))
    except StepFault:
        return []


async def main(zone: Zone, names: Mapping[str, str]) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: NameServer(zone), ("127.0.0.1", 53))
    look_ups = LookUps()
    found = {
        name: (await by_look_ups(look_ups, name), await asyncio.to_thread(by_the_system, judged))
        for name, judged in names.items()
    }
    await look_ups.close()
    transport.close()
    print(json.dumps(found))


asyncio.run(main(json.loads(sys.argv[1]), json.loads(sys.argv[2])))
