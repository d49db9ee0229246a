"""The servers and the stage: one for all attempts, so that what one leaves behind meets the next."""

from collections.abc import Iterator

import httpx
import pytest
from patchbay_runtime.migrations import migrate
from patchbay_runtime.open_id.issuer import Issuer
from patchbay_runtime.settings import Settings

from tests.runtime.conftest import (  # noqa: F401 - fixtures
    mariadb_files,
    mariadb_server,
    redis_server,
    running_api,
    unmigrated_settings,
    working,
)
from tests.runtime.open_id_provider import AUDIENCE, Provider
from tests.runtime.sink import Sink
from tests.security.stage import DOMAIN, Stage

PARTNER_ADDRESS = "127.0.0.2"


@pytest.fixture(scope="session")
def stage(unmigrated_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:  # noqa: F811
    """One API and its workers. Of the machine's addresses one is a partner's, the others are inner ones."""
    provider, strangers, partner = Provider(), Provider(), Sink(PARTNER_ADDRESS)
    reach = {"connector_ports": "443,1024-65535", "connector_private_ranges": f"{PARTNER_ADDRESS}/32"}
    issuers = (Issuer(issuer=provider.url, audience=AUDIENCE),)
    own = unmigrated_settings.model_copy(update={**reach, "openid_issuers": issuers, "domain": DOMAIN})
    migrate(own)
    log = tmp_path_factory.mktemp("attacked-api") / "log"
    with running_api(own, log) as url, working(own), httpx.Client(base_url=url, timeout=70) as client:
        yield Stage(client, provider, strangers, partner)
    for server in (provider, strangers, partner):
        server.close()
