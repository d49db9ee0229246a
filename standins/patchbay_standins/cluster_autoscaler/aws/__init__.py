"""The calls to AWS, and what they tell about node groups."""
