"""A tenant's schema as it was at a point in time, put back into the live database without touching any other schema.

RDS restores a whole instance, and only into a new one. So the steps are: restore the write copy beside itself, carry
the tenant's schema over under another name, compare it, exchange the two in one statement, compare again, and delete
the restored instance. What the schema held until then stays beside it, until somebody drops it.

The calls, which are the rights that it takes: rds:DescribeDBInstances, rds:DescribeDBInstanceAutomatedBackups,
rds:RestoreDBInstanceToPointInTime, rds:ModifyDBInstance, rds:DeleteDBInstance, rds:AddTagsToResource.
"""
