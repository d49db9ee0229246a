"""The program's types of AWS and the CloudFormation types that they are held to.

A type that is here neither nor among the exceptions (`exceptions.py`) fails the tests, so that a new one is placed.
"""

from collections.abc import Mapping
from typing import Final

from tests.schemas.placement import Part
from tests.schemas.placements import account, clusters, data, edge, guards, network

PLACEMENTS: Final[Mapping[str, tuple[Part, ...]]] = {
    **account.PLACEMENTS,
    **clusters.PLACEMENTS,
    **data.PLACEMENTS,
    **edge.PLACEMENTS,
    **guards.PLACEMENTS,
    **network.PLACEMENTS,
}
