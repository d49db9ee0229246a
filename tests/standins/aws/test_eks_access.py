"""Who may use an EKS cluster: access entries with policies, and pod identity."""

import contextlib
import json

import pytest

from tests.standins.aws.account import Account, refused

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
PRINCIPAL = "arn:aws:iam::111122223333:role/teams/operators"


@pytest.fixture(autouse=True)
def principal(account: Account) -> None:
    """PRINCIPAL, in the account that all tests share."""
    iam = account.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName="operators", Path="/teams/", AssumeRolePolicyDocument=document)


@pytest.fixture
def cluster(account: Account) -> str:
    return account.cluster(account.network())


def test_an_access_entry_is_made_changed_listed_and_deleted(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    of = {"clusterName": cluster, "principalArn": PRINCIPAL}
    eks.create_access_entry(kubernetesGroups=["operators"], tags={"a": "b"}, **of)
    entry = eks.describe_access_entry(**of)["accessEntry"]
    assert (entry["type"], entry["kubernetesGroups"], entry["tags"]) == ("STANDARD", ["operators"], {"a": "b"})
    assert f":access-entry/{cluster}/role/111122223333/operators/" in entry["accessEntryArn"]
    eks.update_access_entry(kubernetesGroups=["viewers"], username="somebody", **of)
    entry = eks.describe_access_entry(**of)["accessEntry"]
    assert (entry["kubernetesGroups"], entry["username"]) == (["viewers"], "somebody")
    assert eks.list_access_entries(clusterName=cluster)["accessEntries"] == [PRINCIPAL]
    eks.delete_access_entry(**of)
    with refused("ResourceNotFoundException", 404):
        eks.describe_access_entry(**of)


def test_access_policies_are_associated_by_scope_and_disassociated(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    of = {"clusterName": cluster, "principalArn": PRINCIPAL}
    eks.create_access_entry(**of)
    scope = {"type": "namespace", "namespaces": ["patchbay-runtime"]}
    eks.associate_access_policy(policyArn=VIEW, accessScope=scope, **of)
    eks.associate_access_policy(policyArn=ADMIN, accessScope={"type": "cluster"}, **of)
    associated = eks.list_associated_access_policies(**of)["associatedAccessPolicies"]
    scopes = {policy["policyArn"]: policy["accessScope"] for policy in associated}
    assert scopes == {VIEW: scope, ADMIN: {"type": "cluster", "namespaces": []}}
    assert eks.list_access_entries(clusterName=cluster, associatedPolicyArn=VIEW)["accessEntries"] == [PRINCIPAL]
    eks.disassociate_access_policy(policyArn=VIEW, **of)
    assert eks.list_access_entries(clusterName=cluster, associatedPolicyArn=VIEW)["accessEntries"] == []
    assert {VIEW, ADMIN} <= {policy["arn"] for policy in eks.list_access_policies()["accessPolicies"]}


def test_whoever_makes_a_cluster_is_its_administrator_unless_the_cluster_says_not(account: Account) -> None:
    eks = account.client("eks")
    cluster = account.cluster(account.network(), accessConfig={"authenticationMode": "API"})
    assert len(eks.list_access_entries(clusterName=cluster, associatedPolicyArn=ADMIN)["accessEntries"]) == 1


def test_entries_that_aws_refuses_are_refused(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    of = {"clusterName": cluster, "principalArn": PRINCIPAL}
    eks.create_access_entry(**of)
    with refused("ResourceInUseException", 409):
        eks.create_access_entry(**of)
    with refused("InvalidParameterException"):
        eks.update_access_entry(kubernetesGroups=["system:masters"], **of)
    with refused("InvalidParameterException"):
        eks.associate_access_policy(policyArn=VIEW + "x", accessScope={"type": "cluster"}, **of)
    with refused("ResourceNotFoundException", 404):
        eks.disassociate_access_policy(policyArn=VIEW, **of)
    old = account.cluster(account.network(), accessConfig={"authenticationMode": "CONFIG_MAP"})
    with refused("InvalidRequestException"):
        eks.create_access_entry(clusterName=old, principalArn=PRINCIPAL)


def test_a_service_account_has_one_pod_identity_association(account: Account, cluster: str) -> None:
    eks = account.client("eks")
    first, second = account.role(), account.role()
    of = {"clusterName": cluster, "namespace": "kube-system", "serviceAccount": "cluster-autoscaler"}
    made = eks.create_pod_identity_association(roleArn=first, tags={"a": "b"}, **of)["association"]
    with refused("ResourceInUseException", 409):
        eks.create_pod_identity_association(roleArn=second, **of)
    by_id = {"clusterName": cluster, "associationId": made["associationId"]}
    eks.update_pod_identity_association(roleArn=second, **by_id)
    described = eks.describe_pod_identity_association(**by_id)["association"]
    assert (described["roleArn"], described["tags"]) == (second, {"a": "b"})
    listed = eks.list_pod_identity_associations(clusterName=cluster, namespace="kube-system")["associations"]
    assert [item["associationId"] for item in listed] == [made["associationId"]]
    assert eks.list_pod_identity_associations(clusterName=cluster, namespace="other")["associations"] == []
    eks.delete_pod_identity_association(**by_id)
    with refused("ResourceNotFoundException", 404):
        eks.describe_pod_identity_association(**by_id)
