"""`make restore-drill`: what is done for a tenant whose data were spoiled, on servers of its own."""
