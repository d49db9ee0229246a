"""Rows of ECR, tried with the arguments of the images component."""

from collections.abc import Iterator

import pytest

from tests.standins.aws.account import Account
from tests.standins.aws.launched import launched
from tests.standins.pulumi_plugins.aws.rows import change, destroy, program, settle
from tests.standins.pulumi_plugins.stack import Stack

pytestmark = pytest.mark.long

IMAGES = """
repository = aws.ecr.Repository("runtime", name="example/runtime", image_tag_mutability=MUTABILITY,
    image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
    encryption_configurations=[aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS")],
    force_delete=True, tags={"Name": "runtime"}, opts=opts)
aws.ecr.LifecyclePolicy("runtime", repository=repository.name, policy=json.dumps({"rules": [
    {"rulePriority": 1, "description": "Untagged", "selection": {"tagStatus": "untagged",
        "countType": "sinceImagePushed", "countUnit": "days", "countNumber": DAYS}, "action": {"type": "expire"}}]}),
    opts=opts)
filters = [aws.ecr.RegistryScanningConfigurationRuleRepositoryFilterArgs(filter="*", filter_type="WILDCARD")]
aws.ecr.RegistryScanningConfiguration("scanning", scan_type=SCANNING[0], rules=[
    aws.ecr.RegistryScanningConfigurationRuleArgs(scan_frequency=SCANNING[1], repository_filters=filters)], opts=opts)
pulumi.export("url", repository.repository_url)
"""
FIRST = 'MUTABILITY, DAYS, SCANNING = "IMMUTABLE", 7, ("BASIC", "SCAN_ON_PUSH")\n'
SECOND = 'MUTABILITY, DAYS, SCANNING = "MUTABLE", 14, ("ENHANCED", "CONTINUOUS_SCAN")\n'


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with launched(tmp_path_factory.mktemp("emulator")) as account:
        yield account


def test_repositories_are_made_kept_changed_and_deleted(stack: Stack, account: Account) -> None:
    settle(stack, program(account, FIRST + IMAGES, network=False))
    client = account.client("ecr")
    [repository] = client.describe_repositories()["repositories"]
    assert stack.outputs()["url"] == repository["repositoryUri"]
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"

    change(stack, program(account, SECOND + IMAGES, network=False), updated=3)
    [repository] = client.describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
    assert client.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "ENHANCED"
    policy = client.get_lifecycle_policy(repositoryName="example/runtime")["lifecyclePolicyText"]
    assert '"countNumber": 14' in policy

    destroy(stack)
    assert not client.describe_repositories()["repositories"]
    assert client.get_registry_scanning_configuration()["scanningConfiguration"]["scanType"] == "BASIC"
