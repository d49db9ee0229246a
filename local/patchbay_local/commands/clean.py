"""`make clean`: the caches removed, which `make down` keeps."""

from rich.console import Console

from patchbay_local.machine import packages, paths
from patchbay_local.machine.journal import open_journal
from patchbay_local.machine.mounts import holds_nothing, remove_directory, remove_leftovers
from patchbay_local.machine.single_run import only_one


def clean(console: Console) -> None:
    """Remove paths.CACHE, and say what else of the environment stays on this machine.

    RuntimeError while the environment is up: its nodes and programs run from the caches.
    """
    with only_one("make clean"):
        remove_leftovers(lambda text: console.print(text, highlight=False, markup=False, soft_wrap=True))
        if not holds_nothing(paths.STATE) or open_journal().pending():
            raise RuntimeError("the environment is up: run `make down` first, its programs run from the caches")
        installed = packages.installed_by_us()
        remove_directory(paths.CACHE)
    console.print(f"removed: {paths.CACHE}; the next `make up` builds and fetches everything anew", highlight=False)
    purge = f" (`apt-get autoremove --purge {' '.join(installed)}`)" if installed else ""
    stays = (
        f"the Debian packages that were installed{purge}",
        f"logs in {paths.LOGS}",
        "Go's own caches (`go clean -cache -modcache`)",
        f"{paths.REPOSITORY}/.venv and {paths.REPORTS}",
    )
    for what in stays:
        console.print(f"stays:   {what}", highlight=False, markup=False, soft_wrap=True)
