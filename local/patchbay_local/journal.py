"""The journal of what was changed on this machine: one for everything that `make up` starts."""

from patchbay_local import paths
from patchbay_local.host.journal import Journal


def open_journal() -> Journal:
    """The machine's journal; any number of commands may have it open."""
    return Journal(paths.RUN / "journal.jsonl")
