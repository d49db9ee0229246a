"""What an environment leaves is found by its tags and by its names; what was there before is not counted to it."""

from collections.abc import Iterator

import pytest
from patchbay_operations.access import Access
from patchbay_operations.smoke.leftovers import left, sweep

from tests.standins.aws.account import Account

OWN = [{"Key": "patchbay:environment", "Value": "dev"}, {"Key": "patchbay:managed-by", "Value": "pulumi"}]


def access(account: Account) -> Access:
    return Access("eu-central-1", account.url, ("emulated", "emulated", None))


def found(account: Account, *kept: str) -> list[str]:
    return left(access(account), "dev", kept=frozenset(kept))


@pytest.fixture(autouse=True)
def _nothing(account: Account) -> Iterator[None]:
    assert found(account) == []
    yield
    assert found(account) == []


def test_a_volume_that_only_its_tags_tell_of_is_found(account: Account) -> None:
    ec2 = account.client("ec2")
    tags = [{"ResourceType": "volume", "Tags": OWN}]
    volume = ec2.create_volume(AvailabilityZone="eu-central-1a", Size=1, TagSpecifications=tags)["VolumeId"]
    assert found(account) == [f"volume {volume}"]
    ec2.delete_volume(VolumeId=volume)


def test_a_log_group_that_a_service_makes_again_without_tags_is_found_and_swept_away(account: Account) -> None:
    logs = account.client("logs")
    own, other = "/aws/eks/patchbay-dev-shared/cluster", "/aws/eks/patchbay-dev2-a/cluster"
    # As EKS does (terraform-aws-eks issue 920).
    for name in (own, other):
        logs.create_log_group(logGroupName=name)
    assert found(account) == [f"log group {own}"]
    assert sweep(access(account), "dev") == [own]
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == [other]


def test_log_groups_that_somebody_made_or_named_alike_are_never_swept_away(account: Account) -> None:
    logs = account.client("logs")
    other = "/aws/eks/patchbay-dev-b-a/cluster"
    logs.create_log_group(logGroupName=other, tags={"patchbay:environment": "dev-b", "patchbay:managed-by": "pulumi"})
    foreign = "/example/our-patchbay-dev-notes"
    logs.create_log_group(logGroupName=foreign)
    try:
        assert sweep(access(account), "dev") == []
        assert found(account) == []
    finally:
        for name in (other, foreign):
            logs.delete_log_group(logGroupName=name)


@pytest.mark.parametrize(
    "name", ["aws-waf-logs-patchbay-dev-edge", "/aws/OpenSearchService/domains/patchbay-dev-search"]
)
def test_names_that_aws_wants_to_begin_with_its_own_words_are_known(account: Account, name: str) -> None:
    account.client("logs").create_log_group(logGroupName=name)
    assert sweep(access(account), "dev") == [name]


def test_a_kind_that_no_inventory_lists_is_found_by_its_tags(account: Account) -> None:
    sqs = account.client("sqs")
    tags = {tag["Key"]: tag["Value"] for tag in OWN}
    address = sqs.create_queue(QueueName="example", tags=tags)["QueueUrl"]
    assert [arn.split(":")[2] for arn in found(account)] == ["sqs"]
    sqs.delete_queue(QueueUrl=address)


def test_a_key_counts_until_its_deletion_is_scheduled(account: Account) -> None:
    kms = account.client("kms")
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in OWN]
    key = kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    assert found(account) == [f"KMS key {key}"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def test_what_another_environment_has_and_what_was_prepared_stays(account: Account) -> None:
    s3 = account.client("s3")
    where = {"LocationConstraint": "eu-central-1"}
    for name in ("patchbay-dev2-payloads", "patchbay-dev-state"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
    assert found(account, "patchbay-dev-state") == []
    assert found(account) == ["bucket patchbay-dev-state"]
    for name in ("patchbay-dev2-payloads", "patchbay-dev-state"):
        s3.delete_bucket(Bucket=name)
