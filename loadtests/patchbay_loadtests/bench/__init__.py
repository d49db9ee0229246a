"""The benchmark: throughput per core and latency of a synchronous flow, with the path's floor beside them."""
