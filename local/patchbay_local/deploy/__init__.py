"""The engine's stacks on this machine: where their state, plugins and emulated AWS accounts are."""
