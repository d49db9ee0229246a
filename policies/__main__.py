"""The policy pack that `pulumi preview --policy-pack policies` runs."""

import atexit
import gc
import sys
from pathlib import Path

# The pack runs as it lies in the repository, also where the repository is not installed.
sys.path.insert(0, str(Path(__file__).parent))

from patchbay_policies import crossguard, environment, rules

# A pack lives as long as one command, and what it decodes has no cycles.
gc.disable()
# Python collects once more when it exits, whatever is disabled; in what is frozen it does not look.
atexit.register(gc.freeze)
crossguard.serve(rules.ALL, environment.current())
