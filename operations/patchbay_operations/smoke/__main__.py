"""`python -m patchbay_operations.smoke`."""

from patchbay_operations.smoke.command import app

app(prog_name="python -m patchbay_operations.smoke")
