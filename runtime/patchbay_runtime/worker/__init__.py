"""The worker program: runs one shape's processes."""

from patchbay_runtime.worker.program import main

__all__ = ["main"]
