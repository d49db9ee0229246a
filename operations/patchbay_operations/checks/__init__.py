"""What must hold of an environment in AWS, asked of AWS itself and of nothing else."""
