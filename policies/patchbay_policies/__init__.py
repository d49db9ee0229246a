"""What no environment may get past review: the rules, and the CrossGuard pack that applies them."""
