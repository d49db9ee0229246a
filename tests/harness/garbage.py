"""Python's garbage collector leaves alone what lives as long as the session.

Modules and collected tests are millions of objects: each full collection would walk through all of them in vain.
"""

import gc
from typing import Final

# Container objects made since the last collection; Python's own 700 is for programs that have little in memory.
_THRESHOLD: Final = 50_000

gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(_THRESHOLD)
    gc.enable()
