"""The `local` stack: the Pulumi CLI with its settings on this machine."""
