"""What every layer's configuration shares: the base of its models, how the stack's config is read and refused."""
