"""What must be so before anything is made. Everything that is lacking is told at once, each with its remedy."""
