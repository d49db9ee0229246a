"""Loads that come as a day's do, whether the environment keeps up or not, and what the environment makes of them."""
