"""`python -m patchbay_loadtests`."""

from patchbay_loadtests.cli import app

app(prog_name="python -m patchbay_loadtests")
