"""DescribeScalingActivities: the newest first, as the cluster autoscaler expects them."""

from patchbay_standins.aws.operations.autoscaling.ledger import Ledgers
from patchbay_standins.aws.operations.autoscaling.service import SERVICE, group_of
from patchbay_standins.aws.service import AwsError, Call, Result


@SERVICE.operation("DescribeScalingActivities")
def describe_scaling_activities(call: Call) -> Result:
    name, deleted_too = call.get("AutoScalingGroupName"), call.get("IncludeDeletedGroups", False)
    if name and not deleted_too:
        group_of(call, name)
    found = [
        activity
        for ledger in call.state(Ledgers).by_arn.values()
        if (deleted_too or not ledger.deleted) and name in {None, ledger.name}
        for activity in ledger.activities
    ]
    if wanted := call.get("ActivityIds"):
        found = [activity for activity in found if activity.identity in wanted]
    found.sort(key=lambda activity: activity.start)
    found.reverse()
    names = [activity.identity for activity in found]
    first = 0
    if token := call.get("NextToken"):
        if token not in names:
            raise AwsError("InvalidNextToken", f"The token '{token}' is invalid.")
        first = names.index(token)
    last = first + int(call.get("MaxRecords", 100))
    more = {"NextToken": names[last]} if last < len(names) else {}
    return {"Activities": [activity.described() for activity in found[first:last]], **more}
