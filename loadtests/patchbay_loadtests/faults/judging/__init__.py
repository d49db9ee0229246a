"""From what was recorded to the verdict; pure functions."""
