"""Which checkout of the repository this machine's environment belongs to: a second one may not replace it."""

from pathlib import Path

from patchbay_local.machine import paths
from patchbay_local.machine.changes import Process
from patchbay_local.machine.files import contents, write_if_changed
from patchbay_local.machine.journal import open_journal

_MARK = Path("local", "patchbay_local")


class OtherCheckoutError(RuntimeError):
    """The environment is another checkout's; the message names it and what to do."""


def owner() -> Path | None:
    """The checkout that brought the environment up; None where nothing is up, or that checkout is gone."""
    for _, content in contents([paths.STATE / "checkout"]):
        checkout = Path(content.decode().strip())
        return checkout if (checkout / _MARK).is_dir() else None
    return None


def require_ours() -> None:
    """Raises OtherCheckoutError where another checkout that is still there has something of it running.

    Likewise where this program is not of the checkout it is called in, as with a copied `.venv`. What a crash or a
    restart of the machine left without a running process is anybody's to go on with or to put back.
    """
    _require_here()
    found = owner()
    if found is not None and found.resolve() != paths.REPOSITORY.resolve() and _runs():
        raise OtherCheckoutError(
            f"this machine's environment belongs to the checkout {found}, and this is {paths.REPOSITORY}:"
            f" work there, or end it first (`make -C {found} down`)"
        )


def _require_here() -> None:
    here = Path.cwd()
    within = next(
        (each for each in (here, *here.parents) if (each / _MARK).is_dir() and (each / "Makefile").exists()), None
    )
    if within is not None and within.resolve() != paths.REPOSITORY.resolve():
        raise OtherCheckoutError(
            f"this directory is of the checkout {within}, and the program that runs is that of {paths.REPOSITORY}:"
            f" run `make -C {within} environment` and use {within}/.venv/bin/python, or call it elsewhere"
        )


def claim() -> None:
    """From now on it belongs to this checkout. Raises OtherCheckoutError; the lock of `only_one` must be held."""
    require_ours()
    write_if_changed(paths.STATE / "checkout", f"{paths.REPOSITORY}\n")


def _runs() -> bool:
    changes = (entry.change for entry in open_journal().pending())
    return any(change.processes() for change in changes if isinstance(change, Process))
