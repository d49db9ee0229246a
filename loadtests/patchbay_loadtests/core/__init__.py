"""What every kind of load test shares: traffic, settlement, restoration, report."""
