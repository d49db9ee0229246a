"""Whether the sealing key is the one that the secrets of webhooks are sealed by."""

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncConnection

from patchbay_runtime.settings import Settings, SettingsError
from patchbay_runtime.storage import sealing_key_repository
from patchbay_runtime.storage.database import Database
from patchbay_runtime.storage.engine import create_engine
from patchbay_runtime.webhooks.sealing import VARIABLE, Sealer

_TIMEOUT_SECONDS = 5.0


async def record(connection: AsyncConnection, sealer: Sealer, *, new: bool) -> None:
    """Keep the key's check value if there is none, or if the key is knowingly a `new` one.

    `connection` must be in the control schema. Raises SettingsError for another key than before.
    """
    if new or await sealing_key_repository.find(connection) is None:
        await sealing_key_repository.keep(connection, sealer.check_value)
    else:
        await confirm(connection, sealer)
    await connection.commit()


async def confirm(connection: AsyncConnection, sealer: Sealer) -> None:
    """Raise SettingsError unless the key is the one whose check value `migrate` has kept.

    `connection` must be in the control schema.
    """
    known = await sealing_key_repository.find(connection)
    if known is None:
        raise SettingsError(f"{VARIABLE}: `patchbay-runtime migrate` has not seen the key; run it with this setting")
    if known != sealer.check_value:
        raise SettingsError(
            f"{VARIABLE}: the file holds another key than the one that the secrets of webhooks are sealed by; put the "
            "old key back, or, if it is lost, run `patchbay-runtime migrate --new-sealing-key` and make all secrets of "
            "webhooks anew"
        )


class KeyCheck:
    """`confirm`, of a program that serves."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._confirmed = False

    async def confirm_once(self, connection: AsyncConnection) -> None:
        """`confirm`, until it has succeeded: those that serve go on while a new key is brought in."""
        if not self._confirmed:
            await confirm(connection, self._sealer)
            self._confirmed = True


async def confirm_alone(settings: Settings, sealer: Sealer) -> None:
    """`confirm`, before anything else is connected."""
    engine = create_engine(settings, pool_size=1, poolclass=NullPool)
    database = Database(engine, _TIMEOUT_SECONDS)
    try:
        async with database.transaction() as connection:
            await confirm(connection, sealer)
    finally:
        await database.close()
