"""What watches over the account itself: a trail of its calls, threats, findings, and what its settings were."""
