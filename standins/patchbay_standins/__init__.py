"""What exists only because the real thing cannot be had offline."""
