"""ElastiCache: users and their groups, replication groups, subnet groups."""

from typing import Any

from tests.standins.aws.account import Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

TABLE = Table("elasticache")


@TABLE.refuses(
    "create_user_group",
    "DefaultUserRequired",
    words="User group needs to contain a user with the user name default.",
    source="hashicorp/terraform-provider-aws 25593",
)
def the_group_has_no_default_user(account: Account) -> Arguments:
    return {"UserGroupId": new_name("group"), "Engine": "redis", "UserIds": [_user(account)]}


@TABLE.refuses("create_user_group", "DuplicateUserName", source="API reference: CreateUserGroup")
def two_users_of_a_group_have_one_name(account: Account) -> Arguments:
    users = [_user(account, UserName="default") for _ in range(2)]
    return {"UserGroupId": new_name("group"), "Engine": "redis", "UserIds": users}


@TABLE.refuses(
    "create_user",
    "InvalidParameterCombination",
    words="User Id and User name must be same for authentication type: iam",
    source="terraform-aws-modules/terraform-aws-elasticache 65",
)
def a_user_of_iam_has_two_names(_: Account) -> Arguments:
    return {**_given_user(), "UserName": "other", "AuthenticationMode": {"Type": "iam"}}


@TABLE.refuses(
    "delete_user",
    "DefaultUserAssociatedToUserGroup",
    words="User is associated to user grou",
    source="hashicorp/terraform-provider-aws 21970",
)
def the_user_is_a_groups_default(account: Account) -> Arguments:
    user = _user(account, UserName="default")
    account.client("elasticache").create_user_group(UserGroupId=new_name("group"), Engine="redis", UserIds=[user])
    return {"UserId": user}


@TABLE.refuses(
    "create_replication_group",
    "InvalidParameterCombination",
    words="When using automatic failover, there must be at least 2 cache clusters in the replication group.",
    source="ministryofjustice/cloud-platform-environments 5719",
)
def one_node_has_nowhere_to_fail_over(_: Account) -> Arguments:
    return {**_given_group(), "NumCacheClusters": 1, "AutomaticFailoverEnabled": True}


@TABLE.refuses(
    "decrease_replica_count",
    "InvalidParameterValue",
    words="Must have at least 1 replica when cluster mode is disabled with auto failover enabled.",
    source="hashicorp/terraform-provider-aws 24244",
)
def the_last_replica_is_taken_from_a_failover(account: Account) -> Arguments:
    group = {**_given_group(), "NumCacheClusters": 2, "AutomaticFailoverEnabled": True}
    account.client("elasticache").create_replication_group(**group)
    return {"ReplicationGroupId": group["ReplicationGroupId"], "NewReplicaCount": 0, "ApplyImmediately": True}


@TABLE.refuses(
    "create_cache_subnet_group",
    "InvalidSubnet",
    words="are not in the same VPC.",
    source="floci-io/floci 2401",
)
def the_subnets_are_of_two_networks(account: Account) -> Arguments:
    return _subnet_group(account.network().subnets[0], account.network().subnets[1])


@TABLE.refuses(
    "create_cache_subnet_group",
    "InvalidParameterValue",
    words="Some input subnets in :[subnet-0123456789abcdef0] are invalid.",
    source="floci-io/floci 2401",
)
def a_subnet_is_not_there(_: Account) -> Arguments:
    return _subnet_group("subnet-0123456789abcdef0")


@TABLE.refuses(
    "create_cache_subnet_group",
    "CacheSubnetGroupAlreadyExists",
    words="already exists.",
    source="floci-io/floci 2401",
)
def the_subnet_groups_name_is_taken(account: Account) -> Arguments:
    given = _subnet_group(account.network().subnets[0])
    account.client("elasticache").create_cache_subnet_group(**given)
    return given


@TABLE.refuses("delete_cache_subnet_group", "CacheSubnetGroupInUse", source="API reference: DeleteCacheSubnetGroup")
def a_cache_is_in_the_subnet_group(account: Account) -> Arguments:
    client, given = account.client("elasticache"), _subnet_group(account.network().subnets[0])
    client.create_cache_subnet_group(**given)
    name = {"CacheSubnetGroupName": given["CacheSubnetGroupName"]}
    client.create_replication_group(**_given_group(), **name)
    return name


def _given_user() -> dict[str, Any]:
    return {
        "UserId": new_name("user"),
        "UserName": new_name("name"),
        "Engine": "redis",
        "AccessString": "on ~* +@all",
    }


def _user(account: Account, **settings: Any) -> str:
    made = account.client("elasticache").create_user(**{**_given_user(), "NoPasswordRequired": True, **settings})
    return str(made["UserId"])


def _given_group() -> dict[str, Any]:
    return {"ReplicationGroupId": new_name("cache"), "ReplicationGroupDescription": "example", "Engine": "redis"}


def _subnet_group(*subnets: str) -> dict[str, Any]:
    return {
        "CacheSubnetGroupName": new_name("subnets"),
        "CacheSubnetGroupDescription": "example",
        "SubnetIds": list(subnets),
    }
