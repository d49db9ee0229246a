"""What a worker does with a process: load it, execute its step, record what follows."""
