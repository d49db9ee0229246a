"""The worker program: runs one shape's processes, with probes, metrics and an entry among the live workers."""
