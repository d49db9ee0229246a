"""CloudTrail, GuardDuty, AWS Config and Security Hub, of which a region has one, maybe another stack's; AWS Backup."""

import contextlib
import json

from botocore.exceptions import ClientError

from tests.standins.aws.account import REGION, Account, new_name
from tests.standins.aws.launched import ACCOUNT
from tests.standins.aws.refusals.row import Arguments, Table

DETECTORS = Table("guardduty")
RECORDERS = Table("config")
HUBS = Table("securityhub")
PLANS = Table("backup")
TRAILS = Table("cloudtrail")


@DETECTORS.refuses(
    "create_detector",
    "BadRequestException",
    words="The request is rejected because a detector already exists for the current account.",
    source="hashicorp/terraform-provider-aws 11780; nozaq/terraform-aws-secure-baseline 35",
)
def the_region_has_a_detector(account: Account) -> Arguments:
    with contextlib.suppress(ClientError):
        account.client("guardduty").create_detector(Enable=True)
    return {"Enable": True}


@RECORDERS.refuses(
    "put_configuration_recorder",
    "MaxNumberOfConfigurationRecordersExceededException",
    words="because the maximum number of configuration recorders: 1 is reached.",
    source="trussworks/terraform-aws-config 69; hashicorp/terraform-provider-aws 2183",
)
def the_region_has_a_recorder(account: Account) -> Arguments:
    recorder = {"name": "example", "roleARN": account.role()}
    account.client("config").put_configuration_recorder(ConfigurationRecorder=recorder)
    return {"ConfigurationRecorder": {**recorder, "name": new_name("another")}}


@RECORDERS.refuses(
    "delete_delivery_channel",
    "LastDeliveryChannelDeleteFailedException",
    source="API reference: DeleteDeliveryChannel",
)
def the_recorder_still_records(account: Account) -> Arguments:
    config = account.client("config")
    config.put_configuration_recorder(ConfigurationRecorder={"name": "example", "roleARN": account.role()})
    config.put_delivery_channel(DeliveryChannel={"name": "example", "s3BucketName": "example"})
    config.start_configuration_recorder(ConfigurationRecorderName="example")
    return {"DeliveryChannelName": "example"}


@HUBS.refuses(
    "enable_security_hub",
    "ResourceConflictException",
    words="Account is already subscribed to Security Hub",
    source="nozaq/terraform-aws-secure-baseline 135",
    status=409,
)
def the_region_has_security_hub(account: Account) -> Arguments:
    with contextlib.suppress(ClientError):
        account.client("securityhub").enable_security_hub()
    return {}


@TRAILS.refuses("create_trail", "S3BucketDoesNotExistException", source="API reference: CreateTrail")
def the_trails_bucket_is_not_there(_: Account) -> Arguments:
    return {"Name": new_name("trail"), "S3BucketName": new_name("nowhere")}


@TRAILS.refuses("create_trail", "InsufficientS3BucketPolicyException", source="API reference: CreateTrail")
def the_buckets_policy_does_not_let_cloudtrail_write(account: Account) -> Arguments:
    return {"Name": new_name("trail"), "S3BucketName": _bucket(account)}


@TRAILS.refuses("create_trail", "InsufficientEncryptionPolicyException", source="API reference: CreateTrail")
def the_keys_policy_does_not_let_cloudtrail_encrypt(account: Account) -> Arguments:
    trail = new_name("trail")
    return {"Name": trail, "S3BucketName": _bucket(account, trail), "KmsKeyId": account.key()}


@TRAILS.refuses(
    "create_trail",
    "InsufficientEncryptionPolicyException",
    words="Insufficient permissions to access S3 bucket",
    source="API reference: CreateTrail; trussworks/terraform-aws-cloudtrail 186",
)
def the_bucket_has_a_key_of_its_own_that_cloudtrail_may_not_decrypt(account: Account) -> Arguments:
    trail = new_name("trail")
    bucket, key = _bucket(account, trail), account.key()
    made = {"Name": trail, "S3BucketName": bucket, "KmsKeyId": key}
    administered = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    used = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudtrail.amazonaws.com"},
        "Action": ["kms:DescribeKey", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [administered, used]})
    account.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    # It may encrypt, which is enough for a bucket without such a key.
    account.client("cloudtrail").create_trail(**made)
    account.client("cloudtrail").delete_trail(Name=trail)
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    rules = {"Rules": [{**encryption, "BucketKeyEnabled": True}]}
    account.client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
    return made


@TRAILS.refuses("create_trail", "InsufficientS3BucketPolicyException", source="API reference: CreateTrail")
def the_buckets_policy_is_for_another_trail(account: Account) -> Arguments:
    return {"Name": new_name("trail"), "S3BucketName": _bucket(account, "another")}


@TRAILS.refuses("create_trail", "TrailAlreadyExistsException", source="API reference: CreateTrail")
def the_trails_name_is_taken(account: Account) -> Arguments:
    trail = new_name("trail")
    made = {"Name": trail, "S3BucketName": _bucket(account, trail)}
    account.client("cloudtrail").create_trail(**made)
    return made


@PLANS.refuses("create_backup_plan", "InvalidParameterValueException", source="API reference: CreateBackupPlan")
def the_plans_vault_is_not_there(_: Account) -> Arguments:
    return {"BackupPlan": _plan(new_name("nowhere"))}


@PLANS.refuses(
    "delete_backup_plan",
    "InvalidRequestException",
    words="Related backup plan selections must be deleted prior to backup plan deletion",
    source="API reference: DeleteBackupPlan",
)
def the_plan_still_selects_something(account: Account) -> Arguments:
    backup, vault = account.client("backup"), new_name("vault")
    backup.create_backup_vault(BackupVaultName=vault)
    plan = backup.create_backup_plan(BackupPlan=_plan(vault))["BackupPlanId"]
    selection = {"SelectionName": "example", "IamRoleArn": account.role(), "Resources": ["*"]}
    backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
    return {"BackupPlanId": plan}


@PLANS.refuses(
    "put_backup_vault_lock_configuration",
    "InvalidParameterValueException",
    source="API reference: PutBackupVaultLockConfiguration",
)
def a_lock_leaves_less_than_three_days_to_think_again(account: Account) -> Arguments:
    vault = new_name("vault")
    account.client("backup").create_backup_vault(BackupVaultName=vault)
    return {"BackupVaultName": vault, "ChangeableForDays": 2}


def _plan(vault: str) -> Arguments:
    return {"BackupPlanName": new_name("plan"), "Rules": [{"RuleName": "daily", "TargetBackupVaultName": vault}]}


def _bucket(account: Account, trail: str = "") -> str:
    """`trail`: the one that may write into it."""
    s3, bucket = account.client("s3"), new_name("example-bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    if trail:
        written = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            "Condition": {"StringEquals": {"aws:SourceArn": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{trail}"}},
        }
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [written]}))
    return bucket
