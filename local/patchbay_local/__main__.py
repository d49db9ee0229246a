"""`python -m patchbay_local`."""

from patchbay_local.commands.cli import main

main()
