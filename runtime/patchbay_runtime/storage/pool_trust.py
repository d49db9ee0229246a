"""Which connections of a pool are used again.

A server that a failover has demoted may go on answering for as long as its connections live: it refuses writes, and
what can be read there grows old. Its errors end a connection in Go's driver as well (`rejectReadOnly` of
go-sql-driver/mysql) and, the first of them, in node-mysql2 (pull request 4075).
"""

import time
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

READ_ONLY: Final = frozenset({1290, 1792, 1836})
"""The server runs with --read-only; the transaction is read-only; the server is in read-only mode."""
# MariaDB 12 has more than two answers, and names them.
_WRITABLE: Final = (0, "OFF")
_USED, _MADE = "patchbay-used", "patchbay-made"


def error_number(error: BaseException | None) -> int | None:
    """The server's or the driver's number of a driver's error."""
    arguments = getattr(error, "args", ())
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def end_what_is_read_only(engine: AsyncEngine) -> None:
    """Treat a server that refuses to write as one that is gone: no connection that the pool has to it is used again."""

    @event.listens_for(engine.sync_engine, "handle_error")
    def look(context: ExceptionContext) -> None:
        if error_number(context.original_exception) in READ_ONLY:
            context.is_disconnect = True


def ask_before_use(engine: AsyncEngine) -> None:
    """Ask a connection that was used before whether its server is there and takes writes.

    In place of a ping, for the same round trip: those who only read would never learn that their server was demoted. A
    new connection is used as it is: where nothing but a read-only server can be reached, reading goes on.
    """
    refused: Any = engine.sync_engine.dialect.loaded_dbapi.Error

    @event.listens_for(engine.sync_engine, "checkout")
    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if not record.info.get(_USED):
            record.info[_USED] = True
            return
        try:
            cursor = connection.cursor()
            cursor.execute("SELECT @@read_only")
            answer = cursor.fetchone()
            cursor.close()
        except refused:
            raise InvalidatePoolError from None
        if answer is None or answer[0] not in _WRITABLE:
            raise InvalidatePoolError


class Silence:
    """Remembers that a server fell silent: what the pool had at that time is not waited for one by one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._since = 0.0
        # Before anything asks the connection.
        event.listen(engine.sync_engine, "checkout", self._refuse, insert=True)

    def begins(self) -> None:
        """A connection was waited for in vain."""
        self._since = time.monotonic()

    def _refuse(self, _connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.setdefault(_MADE, time.monotonic()) < self._since:
            driver: Any = record.driver_connection
            # At once: a goodbye over TLS waits for the other side's.
            driver.close()
            raise InvalidatePoolError
