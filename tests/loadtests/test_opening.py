"""The sink's address is open to connectors while a load test lives, and is left to end by itself when it died."""

import asyncio
from pathlib import Path

import pytest
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway
from patchbay_loadtests.core.sink.opening import Opening

from tests.loadtests.small_environment import OPENINGS, SmallEnvironment, serving

ADDRESS, PORT, PLACE = "10.96.0.7", 443, "10.96.0.7/443"


class Counting(SmallEnvironment):
    """Counts the openings that are made; `refusal` is the status that they get instead."""

    def __init__(self) -> None:
        super().__init__(lambda _: 1)
        self.made = 0
        self.refusal: int | None = None

    def handle(self, command: str, path: str, _document: object) -> tuple[int, object] | None:
        if not path.startswith(OPENINGS):
            return None
        self.made += command == "PUT"
        return None if self.refusal is None else (self.refusal, {"error": {"code": "forbidden"}})


async def until_made(environment: Counting, count: int) -> None:
    async with asyncio.timeout(60):
        while True:
            if environment.made >= count:
                return
            await asyncio.sleep(0.01)


async def test_it_is_renewed_until_the_load_test_ends(tmp_path: Path) -> None:
    environment = Counting()
    with serving(environment, tmp_path):
        async with Gateway(environment.url, "example") as gateway:
            async with Opening(gateway, address=ADDRESS, port=PORT, lease_seconds=7, renewal_seconds=0.05):
                await until_made(environment, 3)
                assert environment.openings == {PLACE: 7}
            ended = environment.made
            assert environment.openings == {}
            await asyncio.sleep(0.3)
            assert environment.made == ended


async def test_a_renewal_that_fails_is_made_up_for(tmp_path: Path) -> None:
    environment = Counting()
    with serving(environment, tmp_path):
        async with (
            Gateway(environment.url, "example") as gateway,
            Opening(gateway, address=ADDRESS, port=PORT, renewal_seconds=0.05),
        ):
            environment.refusal = 500
            await until_made(environment, environment.made + 2)
            environment.openings.clear()
            environment.refusal = None
            await until_made(environment, environment.made + 2)
            assert environment.openings == {PLACE: 300}


async def test_who_may_not_open_it_gets_no_load_test(tmp_path: Path) -> None:
    environment = Counting()
    environment.refusal = 403
    with serving(environment, tmp_path):
        async with Gateway(environment.url, "example") as gateway:
            with pytest.raises(UnusableEnvironmentError, match=r"PUT /api/platform/openings/10\.96\.0\.7/443: 403"):
                await Opening(gateway, address=ADDRESS, port=PORT).__aenter__()


async def test_a_gateway_that_refuses_at_the_end_does_not_hide_the_load_tests_own_end(tmp_path: Path) -> None:
    environment = Counting()

    async def load_test(gateway: Gateway) -> None:
        async with Opening(gateway, address=ADDRESS, port=PORT):
            environment.refusal = 403
            raise ValueError("the load test's own")

    with serving(environment, tmp_path):
        async with Gateway(environment.url, "example") as gateway:
            with pytest.raises(ValueError, match="the load test's own"):
                await load_test(gateway)
