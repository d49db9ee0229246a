"""Steady load: orders that arrive at a rate, whatever becomes of those before them."""
