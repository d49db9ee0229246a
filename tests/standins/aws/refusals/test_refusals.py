"""What AWS refuses beyond the shapes of requests, the emulated account refuses with the same code and words.

Each row names who saw AWS refuse it: an issue, or the operation's page. So a mistake in a stack's configuration fails
here as it would at `pulumi up` on AWS.
"""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched
from tests.standins.aws.refusals import (
    caches,
    client_vpn,
    clusters,
    databases,
    edge,
    guards,
    networks,
    rights,
    search,
    storage,
)
from tests.standins.aws.refusals.row import Refusal

TABLES = (
    networks.TABLE,
    client_vpn.TABLE,
    clusters.TABLE,
    databases.TABLE,
    caches.TABLE,
    search.TABLE,
    edge.BALANCERS,
    edge.CERTIFICATES,
    edge.FIREWALL,
    edge.DNS,
    guards.DETECTORS,
    guards.RECORDERS,
    guards.HUBS,
    guards.TRAILS,
    guards.PLANS,
    rights.ROLES,
    rights.KEYS,
    rights.SECRETS,
    storage.BUCKETS,
    storage.IMAGES,
    storage.LOGS,
    storage.TOPICS,
    storage.BUDGETS,
    storage.GROUPS,
)
ROWS = [row for table in TABLES for row in table.rows]
_SOURCE = re.compile(r"[\w.-]+/[\w.-]+ \d+|API reference: \w+")


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account for all rows: each makes what it needs under names of its own."""
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


@pytest.mark.parametrize("row", [pytest.param(row, id=row.title) for row in ROWS])
def test_a_mistake_is_refused_in_aws_words(refusing: Account, row: Refusal) -> None:
    arguments = row.prepare(refusing)
    with pytest.raises(ClientError) as refused:
        getattr(refusing.client(row.service, row.region), row.operation)(**arguments)
    response = refused.value.response
    told = response["Error"]["Message"]
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (row.code, row.status), told
    assert row.words in told


def test_each_row_says_where_aws_answer_is_written_down() -> None:
    assert [row.title for row in ROWS if not all(map(_SOURCE.fullmatch, row.source.split("; ")))] == []
    assert [title for title, count in Counter(row.title for row in ROWS).items() if count > 1] == []
