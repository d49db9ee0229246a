"""`pulumi-resource-aws`: deploys AWS resources to an emulator on this machine, by a table of their API calls."""
