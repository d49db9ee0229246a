"""`python -m patchbay_faults`."""

from patchbay_faults.cli import app

app()
