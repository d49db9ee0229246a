"""Serves the language host; started by the Pulumi engine.

The first argument is the SDK's `pulumi-language-python-exec`, which runs programs; the engine's follow.
"""

import sys
from pathlib import Path

from patchbay_standins.pulumi_plugins.language_host.server import LanguageHost
from patchbay_standins.pulumi_plugins.plugin.serving import engine_address, serve

if __name__ == "__main__":
    host = LanguageHost(Path(sys.argv[1]), engine_address(sys.argv[2:]))
    serve(host.register, workers=16, on_stop=host.stop)
