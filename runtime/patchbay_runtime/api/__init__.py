"""The HTTP API: tenants, flows, runs and triggers."""
