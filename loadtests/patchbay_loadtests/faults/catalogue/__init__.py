"""The faults, one class each."""
