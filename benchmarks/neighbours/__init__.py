"""What a tenant notices of a hostile one: `python -m benchmarks.neighbours`."""
