"""S3, ECR, CloudWatch Logs, SNS, Budgets and Auto Scaling."""

import json

from tests.standins.aws.account import REGION, Account, new_name
from tests.standins.aws.refusals.row import Arguments, Table

BUCKETS = Table("s3")
BUDGETS = Table("budgets")
GROUPS = Table("autoscaling")
IMAGES = Table("ecr")
LOGS = Table("logs")
TOPICS = Table("sns")


@BUCKETS.refuses(
    "delete_bucket",
    "BucketNotEmpty",
    words="The bucket you tried to delete is not empty",
    source="rebuy-de/aws-nuke 62",
    status=409,
)
def the_bucket_holds_an_object(account: Account) -> Arguments:
    bucket = _bucket(account)
    account.client("s3").put_object(Bucket=bucket, Key="example", Body=b"example")
    return {"Bucket": bucket}


@BUCKETS.refuses(
    "delete_bucket",
    "BucketNotEmpty",
    words="You must delete all versions in the bucket.",
    source="rebuy-de/aws-nuke 64",
    status=409,
)
def the_bucket_holds_old_versions(account: Account) -> Arguments:
    s3, bucket = account.client("s3"), _bucket(account)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="example", Body=b"example")
    s3.delete_object(Bucket=bucket, Key="example")
    return {"Bucket": bucket}


@BUCKETS.refuses("put_bucket_policy", "AccessDenied", source="torchbox/buckup 18", status=403)
def a_policy_is_for_the_world_and_blocked(account: Account) -> Arguments:
    bucket = _bucket(account)
    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    account.client("s3").put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True)
    )
    world = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return {"Bucket": bucket, "Policy": json.dumps({"Version": "2012-10-17", "Statement": [world]})}


@BUCKETS.refuses(
    "put_bucket_versioning",
    "InvalidBucketState",
    words="An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
    source="terraform-aws-modules/terraform-aws-s3-bucket 90",
    status=409,
)
def a_locked_bucket_forgets_its_versions(account: Account) -> Arguments:
    bucket = _bucket(account, lock=True)
    return {"Bucket": bucket, "VersioningConfiguration": {"Status": "Suspended"}}


@IMAGES.refuses(
    "delete_repository",
    "RepositoryNotEmptyException",
    words="cannot be deleted because it still contains images",
    source="nitrictech/cli 273",
)
def the_repository_holds_an_image(account: Account) -> Arguments:
    repository = new_name("example")
    account.client("ecr").create_repository(repositoryName=repository)
    _push(account, repository, "one")
    return {"repositoryName": repository}


@IMAGES.refuses("put_image", "ImageTagAlreadyExistsException", source="API reference: PutImage")
def an_immutable_tag_moves(account: Account) -> Arguments:
    repository = new_name("example")
    account.client("ecr").create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
    _push(account, repository, "one")
    return {"repositoryName": repository, "imageManifest": _manifest("two"), "imageTag": "example"}


@LOGS.refuses(
    "create_log_group",
    "ResourceAlreadyExistsException",
    words="The specified log group already exists",
    source="k-mitevski/terraform-k8s 10",
)
def the_service_made_its_log_group_first(account: Account) -> Arguments:
    group = {"logGroupName": f"/aws/eks/{new_name('example')}/cluster"}
    account.client("logs").create_log_group(**group)
    return group


@LOGS.refuses(
    "create_log_group",
    "AccessDeniedException",
    words=f"The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:{REGION}:",
    source="hashicorp/terraform-provider-aws 29282",
)
def the_keys_policy_does_not_let_logs_in(account: Account) -> Arguments:
    return {"logGroupName": new_name("example"), "kmsKeyId": account.key()}


@LOGS.refuses(
    "associate_kms_key",
    "AccessDeniedException",
    words=f"The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:{REGION}:",
    source="ministryofjustice/modernisation-platform 7870",
)
def a_log_group_gets_a_key_that_logs_may_not_use(account: Account) -> Arguments:
    group = new_name("example")
    account.client("logs").create_log_group(logGroupName=group)
    return {"logGroupName": group, "kmsKeyId": account.key()}


@TOPICS.refuses(
    "create_topic",
    "InvalidParameter",
    words="Invalid parameter: Tags Reason: Topic already exists with different tags",
    source="localstack/localstack 2405",
)
def the_topic_is_there_with_other_tags(account: Account) -> Arguments:
    topic = {"Name": new_name("topic")}
    account.client("sns").create_topic(**topic, Tags=[{"Key": "Name", "Value": "example"}])
    return {**topic, "Tags": [{"Key": "Name", "Value": "other"}]}


@BUDGETS.refuses("create_budget", "DuplicateRecordException", source="API reference: CreateBudget")
def the_budgets_name_is_taken(account: Account) -> Arguments:
    budget = {
        "BudgetName": new_name("budget"),
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "100", "Unit": "USD"},
    }
    account.client("budgets").create_budget(AccountId="111122223333", Budget=budget)
    return {"AccountId": "111122223333", "Budget": budget}


@GROUPS.refuses(
    "delete_auto_scaling_group",
    "ResourceInUse",
    words="You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
    "still in the group.",
    source="cloud-custodian/cloud-custodian 1686",
)
def the_group_has_instances(account: Account) -> Arguments:
    template, group = new_name("template"), new_name("group")
    account.client("ec2").create_launch_template(
        LaunchTemplateName=template, LaunchTemplateData={"InstanceType": "m7i.large", "ImageId": "ami-12c6146b"}
    )
    account.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=group,
        LaunchTemplate={"LaunchTemplateName": template},
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=account.network().subnets[0],
    )
    return {"AutoScalingGroupName": group}


def _bucket(account: Account, *, lock: bool = False) -> str:
    bucket = new_name("example-bucket")
    account.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectLockEnabledForBucket=lock
    )
    return bucket


def _manifest(content: str) -> str:
    """An image that has nothing but an identity."""
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": 1, "digest": f"sha256:{content:0>64}"}
    config = {**layer, "mediaType": "application/vnd.oci.image.config.v1+json"}
    kind = "application/vnd.oci.image.manifest.v1+json"
    return json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]})


def _push(account: Account, repository: str, content: str) -> None:
    account.client("ecr").put_image(repositoryName=repository, imageManifest=_manifest(content), imageTag="example")
