"""The schemas come up by themselves, however many replicas start at once."""

from concurrent.futures import ThreadPoolExecutor

from patchbay_runtime.migrations import migrate
from patchbay_runtime.settings import Settings


def test_many_replicas_may_migrate_an_empty_database_at_once(unmigrated_settings: Settings) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(migrate, [unmigrated_settings] * 6))
