"""Everything that an environment runs on in AWS, one component per entity."""
