"""`python -m patchbay_runtime` is `patchbay-runtime`."""

from patchbay_runtime.cli import main

main()
