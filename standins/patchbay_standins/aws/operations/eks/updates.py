"""The updates of clusters, node groups and add-ons."""

from patchbay_standins.aws.operations.eks.records import Update, cluster_of, page
from patchbay_standins.aws.operations.eks.service import SERVICE, not_found
from patchbay_standins.aws.service import Call, Result


@SERVICE.operation("DescribeUpdate")
def describe_update(call: Call) -> Result:
    update = cluster_of(call).updates.get(call["updateId"])
    if update is None or not _is_of(update, call):
        raise not_found(f"No update found for ID: {call['updateId']}", clusterName=call["name"])
    return {"update": update.described}


@SERVICE.operation("ListUpdates")
def list_updates(call: Call) -> Result:
    updates = cluster_of(call).updates.items()
    return page(call, "updateIds", [name for name, update in updates if _is_of(update, call)])


def _is_of(update: Update, call: Call) -> bool:
    return (update.node_group, update.addon) == (call.get("nodegroupName"), call.get("addonName"))
