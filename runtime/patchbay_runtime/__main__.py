"""`python -m patchbay_runtime` is `patchbay-runtime`."""

from patchbay_runtime.start import start

start()
