"""`python -m patchbay_local`."""

import sys

try:
    from patchbay_local.cli import main
except RuntimeError as error:  # the file of addresses, which is read at the import, cannot be used
    sys.exit(f"error: {error}")

main()
