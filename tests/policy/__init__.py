"""Policies: each rule by its cases, and the pack through the real engine."""
