"""`make test`: pytest in two phases, its reports, and the complete set."""
