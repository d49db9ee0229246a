"""When an environment is at rest."""

import asyncio

import pytest
from patchbay_loadtests.core.cluster import Cluster, Document
from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.gateway import Gateway, ShapeLoad
from patchbay_loadtests.proof.environment import until_at_rest
from patchbay_loadtests.proof.sampler import WatchedShape

SHAPE = WatchedShape(name="map", namespace="n", autoscaler="h")


class TwoPods(Cluster):
    """A cluster whose shapes have two ready pods."""

    def __init__(self) -> None:
        """It reaches nothing."""

    async def deployment(self, namespace: str, name: str) -> Document:
        del namespace, name
        return {"status": {"replicas": 2, "readyReplicas": 2}}


class Idle(Gateway):
    """A gateway whose shape has nothing to do."""

    def __init__(self) -> None:
        """It reaches nothing."""

    async def workload(self) -> dict[str, ShapeLoad]:
        return {"map": ShapeLoad(waiting=0, reserved=0)}


def test_a_shape_is_at_rest_with_the_fewest_pods_that_are_promised() -> None:
    asyncio.run(until_at_rest(TwoPods(), Idle(), [SHAPE], 0, pods=2))


def test_a_shape_with_more_pods_than_at_rest_is_named() -> None:
    with pytest.raises(UnusableEnvironmentError, match="map has 0 processes and 2 of 2 pods ready, not 1;"):
        asyncio.run(until_at_rest(TwoPods(), Idle(), [SHAPE], -1))
