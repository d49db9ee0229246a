"""Locust traffic, in a process of its own: gevent's patches stay out of the verifier."""
