"""Serves the AWS provider; started by the Pulumi engine."""

import sys

from patchbay_standins.pulumi_plugins.aws_provider.server import AwsProvider
from patchbay_standins.pulumi_plugins.plugin.serving import engine_address, serve

if __name__ == "__main__":
    engine_address(sys.argv[1:])  # which says who starts this program, where it is started otherwise
    provider = AwsProvider()
    # More than the engine asks for at once: calls that wait for readiness each hold a worker.
    serve(provider.register, workers=64, on_stop=provider.stop)
