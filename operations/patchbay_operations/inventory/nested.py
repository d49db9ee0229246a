"""What is listed within another resource."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from patchbay_operations.access import Access, answers
from patchbay_operations.inventory.item import Item


def clusters(access: Access) -> Iterator[Item]:
    """EKS clusters and what belongs to them."""
    eks = access.client("eks")
    parts = (
        ("node group", "list_nodegroups", "nodegroups"),
        ("EKS add-on", "list_addons", "addons"),
        ("access entry", "list_access_entries", "accessEntries"),
    )
    for name in _pages(eks, "list_clusters", "clusters"):
        yield Item("EKS cluster", name)
        for kind, call, result in parts:
            for part in _pages(eks, call, result, clusterName=name):
                yield Item(kind, f"{name}/{part}")
        for association in _pages(eks, "list_pod_identity_associations", "associations", clusterName=name):
            workload = f"{association['namespace']}/{association['serviceAccount']}"
            yield Item("Pod Identity association", f"{name}/{workload}")


def listeners(access: Access) -> Iterator[Item]:
    """Listeners and their rules."""
    client = access.client("elbv2")
    for balancer in _pages(client, "describe_load_balancers", "LoadBalancers"):
        for listener in _pages(client, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"]):
            yield Item("listener", listener["ListenerArn"], f"{balancer['LoadBalancerName']}:{listener['Port']}")
            for rule in _pages(client, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                if not rule["IsDefault"]:
                    yield Item("listener rule", rule["RuleArn"], f"priority {rule['Priority']}")


def records(access: Access) -> Iterator[Item]:
    """Records, without those that every hosted zone has."""
    client = access.client("route53")
    for zone in _pages(client, "list_hosted_zones", "HostedZones"):
        for record in _pages(client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]):
            if record["Type"] not in {"NS", "SOA"}:
                yield Item("DNS record", f"{record['Name']} {record['Type']}")


def budgets(access: Access) -> Iterator[Item]:
    """Budgets of the account."""
    account = access.client("sts").get_caller_identity()["Account"]
    for budget in _pages(access.client("budgets"), "describe_budgets", "Budgets", AccountId=account):
        yield Item("budget", budget["BudgetName"])


def standards(access: Access) -> Iterator[Item]:
    """What Security Hub judges by, where the account has it."""
    client = access.client("securityhub")
    try:
        client.describe_hub()
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidAccessException":
            raise
        return
    for one in _pages(client, "get_enabled_standards", "StandardsSubscriptions"):
        yield Item("security standard", one["StandardsArn"])


def keys(access: Access) -> Iterator[Item]:
    """Customer keys that are not being deleted."""
    client = access.client("kms")
    for key in _pages(client, "list_keys", "Keys"):
        about = client.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if about["KeyManager"] == "CUSTOMER" and about["KeyState"] != "PendingDeletion":
            yield Item("KMS key", key["KeyId"], about.get("Description", ""))


NESTED = (clusters, listeners, records, budgets, keys, standards)


def _pages(client: Any, call: str, result: str, **parameters: str) -> Iterator[Any]:
    for answer in answers(client, call, **parameters):
        yield from answer.get(result) or []
