"""One emulated account for all of a run's parts that ask AWS."""

from collections.abc import Iterator

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account
