"""One call to a partner's server, which may answer anything: bounded, and with nothing left for the next call."""
