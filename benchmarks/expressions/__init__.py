"""What it costs to evaluate an expression in a process of its own: `python -m benchmarks.expressions`."""
