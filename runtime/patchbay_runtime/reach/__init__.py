"""Where connectors may go: one rule, for flows when they are registered and for every connection that is made."""
