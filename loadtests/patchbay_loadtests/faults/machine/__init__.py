"""What a fault does to this machine: processes by pid, never by name."""
