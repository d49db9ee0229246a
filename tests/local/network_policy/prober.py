"""A pod's traffic, run in its network namespace: serves some ports and tries connections as it is told.

One file on the standard library. `prober.py TCP_PORTS UDP_PORTS`, comma-separated; reads a JSON document a line
`{"id", "protocol", "address", "port", "seconds"}`, answers `{"id", "passed", "peer"}` in any order. `peer` is the
address that the server saw. A connection "passes" when an answer of the server arrived within `seconds`.
"""

import json
import socket
import sys
import threading
import time

LOCK = threading.Lock()


def serve_tcp(port: int) -> None:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("0.0.0.0", port))  # noqa: S104 - a namespace of its own
    listening.listen(256)

    def answer(connection: socket.socket, peer: str) -> None:
        with connection:
            connection.sendall(peer.encode() + b"\n")
            # Until the client goes: each byte is answered.
            while data := connection.recv(64):
                connection.sendall(data)

    def loop() -> None:
        while True:
            connection, peer = listening.accept()
            threading.Thread(target=answer, args=(connection, peer[0]), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def serve_udp(port: int) -> None:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("0.0.0.0", port))  # noqa: S104 - a namespace of its own

    def loop() -> None:
        while True:
            _, peer = bound.recvfrom(64)
            bound.sendto(peer[0].encode() + b"\n", peer)

    threading.Thread(target=loop, daemon=True).start()


def try_tcp(address: str, port: int, seconds: float) -> str:
    with socket.create_connection((address, port), timeout=seconds) as connection:
        return connection.makefile().readline().strip()


def try_udp(address: str, port: int, seconds: float) -> str:
    give_up = time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.connect((address, port))
        while True:
            sending.send(b"?")
            # What is lost is sent again.
            sending.settimeout(min(0.2, max(0.01, give_up - time.monotonic())))
            try:
                return sending.recv(64).decode().strip()
            except TimeoutError:
                if time.monotonic() >= give_up:
                    raise


def attempt(order: dict[str, object]) -> None:
    tries = {"TCP": try_tcp, "UDP": try_udp}[str(order["protocol"])]
    try:
        peer = tries(str(order["address"]), int(str(order["port"])), float(str(order["seconds"])))
        passed = bool(peer)
    except OSError:
        passed, peer = False, ""
    with LOCK:
        print(json.dumps({"id": order["id"], "passed": passed, "peer": peer}), flush=True)


def main() -> None:
    for port in filter(None, sys.argv[1].split(",")):
        serve_tcp(int(port))
    for port in filter(None, sys.argv[2].split(",")):
        serve_udp(int(port))
    with LOCK:
        print("ready", flush=True)
    for line in sys.stdin:
        threading.Thread(target=attempt, args=(json.loads(line),), daemon=True).start()


if __name__ == "__main__":
    main()
