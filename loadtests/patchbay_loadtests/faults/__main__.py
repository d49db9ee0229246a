"""`python -m patchbay_loadtests.faults`."""

from patchbay_loadtests.faults.cli import app

app()
