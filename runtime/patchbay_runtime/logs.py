"""Logs as JSON lines on standard error: who did what to which tenant, flow or run, never a payload or a secret."""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

_OWN = "patchbay_runtime"
# What each record has, or gets when it is written as text.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with all that a logger of the runtime gives as `extra`, and nothing that others give.

    Of an exception only its kind and place are written: its text may quote the data that it is about.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.name.partition(".")[0] == _OWN:
            given = vars(record).items()
            line.update({name: value for name, value in given if name not in _USUAL and value is not None})
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["frames"] = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(record.exc_info[2])]
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logging(level: str) -> None:
    """Send every logger's records to standard error as JSON lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # They log every request and statement, with what is in them.
    for noisy in ("httpx", "httpcore", "sqlalchemy", "asyncmy", "alembic", "botocore", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
