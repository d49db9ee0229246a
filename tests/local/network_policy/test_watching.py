"""What is watched is as the API server has it, through everything that can happen to a watch."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import pytest
from patchbay_local.kubernetes.network_policy.watching import Watched

from tests.local.network_policy.small_api_server import SmallApiServer, serving
from tests.waiting import until


@pytest.fixture
def server() -> Iterator[SmallApiServer]:
    with serving() as started:
        yield started


class Followed:
    """Objects' field `size`, followed by a thread."""

    def __init__(self, server: SmallApiServer) -> None:
        self.changed = threading.Event()
        self.end = threading.Event()
        client = httpx2.Client(base_url=server.url, timeout=5, trust_env=False)
        self.watched = Watched(client, "/things", self._read, self.changed, pause_seconds=0.05)
        self._thread = threading.Thread(target=self.watched.follow, args=(self.end,), daemon=True)
        self._thread.start()

    @staticmethod
    def _read(item: Mapping[str, Any]) -> int:
        return int(item["size"])

    def sizes(self) -> dict[str, int] | None:
        return self.watched.objects()


@pytest.fixture
def followed(server: SmallApiServer) -> Iterator[Followed]:
    server.put("first", size=1)
    following = Followed(server)
    until(lambda: following.sizes() == {"/first": 1} and server.watches == 1)
    yield following
    following.end.set()
    server.cut_watches()


def test_nothing_is_known_until_the_objects_were_listed(server: SmallApiServer) -> None:
    server.refuses = True
    following = Followed(server)
    assert following.sizes() is None
    server.refuses = False
    until(lambda: following.sizes() == {})
    following.end.set()


def test_what_is_added_changed_and_deleted_is_followed(server: SmallApiServer, followed: Followed) -> None:
    server.put("second", size=2)
    until(lambda: followed.sizes() == {"/first": 1, "/second": 2})
    server.put("second", size=3)
    until(lambda: followed.sizes() == {"/first": 1, "/second": 3})
    server.delete("first")
    until(lambda: followed.sizes() == {"/second": 3})
    assert server.lists == 1


def test_only_what_matters_is_told_as_a_change(server: SmallApiServer, followed: Followed) -> None:
    followed.changed.clear()
    server.put("first", size=1, noise="a heartbeat")
    server.put("mark", size=9)
    until(lambda: "/mark" in (followed.sizes() or {}))
    until(followed.changed.is_set)
    followed.changed.clear()
    server.put("first", size=1, noise="another")
    server.cut_watches()
    until(lambda: server.watches == 2)
    assert not followed.changed.is_set()


def test_a_watch_that_ends_is_gone_on_with_and_misses_nothing(server: SmallApiServer, followed: Followed) -> None:
    server.cut_watches()
    server.put("second", size=2)
    until(lambda: followed.sizes() == {"/first": 1, "/second": 2})
    assert server.lists == 1


def test_a_version_that_is_too_old_is_answered_by_a_new_list(server: SmallApiServer, followed: Followed) -> None:
    server.unseen("second", size=2)
    server.cut_watches(forget=True)
    until(lambda: followed.sizes() == {"/first": 1, "/second": 2})
    assert server.lists == 2


def test_what_was_known_stays_known_while_no_api_server_answers(server: SmallApiServer, followed: Followed) -> None:
    server.refuses = True
    server.cut_watches()
    server.unseen("second", size=2)
    until(lambda: server.refusals > 1)
    assert followed.sizes() == {"/first": 1}
    server.refuses = False
    until(lambda: followed.sizes() == {"/first": 1, "/second": 2})


def test_an_object_that_cannot_be_read_does_not_end_the_watching(server: SmallApiServer, followed: Followed) -> None:
    server.put("second", size="many")
    until(lambda: server.lists > 1)
    server.put("second", size=2)
    until(lambda: followed.sizes() == {"/first": 1, "/second": 2})
