"""ECR: a repository for each image of the platform."""
