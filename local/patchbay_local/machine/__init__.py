"""What the environment changes on the machine, and how it is put back."""
