"""How the time of an update grows with the program, and what policies add: `python -m benchmarks.emulated`."""
