"""`python -m patchbay_operations.capacity`."""

from patchbay_operations.capacity.command import app

app(prog_name="python -m patchbay_operations.capacity")
