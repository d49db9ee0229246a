"""Serves the language host; started by the Pulumi engine."""

import sys

from patchbay_standins.pulumi_plugins.language_host.server import LanguageHost
from patchbay_standins.pulumi_plugins.plugin.serving import engine_address, serve

if __name__ == "__main__":
    host = LanguageHost(engine_address(sys.argv[1:]))
    serve(host.register, workers=16, on_stop=host.stop)
