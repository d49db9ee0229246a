"""What CloudWatch's alarms have to know of a cluster, and AWS does not see by itself."""
