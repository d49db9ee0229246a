"""The pod's own identity in AWS, in place of passwords."""
