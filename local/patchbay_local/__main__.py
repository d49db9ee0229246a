"""`python -m patchbay_local`."""

from patchbay_local.cli import main

main()
