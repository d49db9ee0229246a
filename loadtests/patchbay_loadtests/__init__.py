"""Load tests: Locust users, the scaling verifier and its report."""
