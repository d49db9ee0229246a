"""`python -m patchbay_operations.restore`."""

from patchbay_operations.restore.command import app

app(prog_name="python -m patchbay_operations.restore")
