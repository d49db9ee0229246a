"""`python -m patchbay_operations.bootstrap`."""

from patchbay_operations.bootstrap.command import app

app(prog_name="python -m patchbay_operations.bootstrap")
