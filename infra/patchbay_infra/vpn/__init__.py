"""How people of the platform team reach the private systems."""
