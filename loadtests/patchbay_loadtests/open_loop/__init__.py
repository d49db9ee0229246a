"""An open load for Locust's own command and web interface: users that keep a rate, a shape, and a verifier."""
