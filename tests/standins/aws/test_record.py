"""Each call of an emulated account is recorded with what AWS asks IAM for it, and with nothing that is secret."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from patchbay_operations.permissions.recorded import Recorded, read
from patchbay_standins.aws.record import actions, reference
from patchbay_standins.aws.record.asked import asked
from patchbay_standins.aws.service import Call

from tests.called import AUTOSCALER, CLUSTER, DATABASE_ACCESS, GROUPS, INSTANCE, METRICS, faults, role, without
from tests.http_requests import http
from tests.standins.aws.account import REGION, Account, new_name
from tests.standins.aws.launched import ACCOUNT, launched

SECRET: Final = "Example-Of-A-Secret-1"
TAGS: Final = [{"Key": "patchbay:environment", "Value": "dev"}]
GIVEN: Final = {"aws:RequestTag/patchbay:environment": "dev", "aws:TagKeys": ["patchbay:environment"]}
BORNE: Final = {"aws:ResourceTag/patchbay:environment": "dev"}

Questions = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    directory = tmp_path_factory.mktemp("emulator")
    with launched(directory, record=directory / "calls.jsonl") as account:
        yield account


def lines(account: Account) -> list[dict[str, Any]]:
    assert account.record is not None
    return [json.loads(line) for line in account.record.read_text().splitlines()]


def questions(account: Account) -> Questions:
    """Of the last call, without what every request has."""
    return {
        (one["action"], one["resource"]): {
            key: value for key, value in one["context"].items() if key != "aws:RequestedRegion"
        }
        for one in lines(account)[-1]["asked"]
    }


def ec2(kind: str, identifier: str = "*") -> str:
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/{identifier}"


def tagged(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGS}]


def test_a_line_says_who_called_what_and_how_it_was_answered(account: Account) -> None:
    account.client("ec2").describe_vpcs()
    line = lines(account)[-1]
    wanted = {"key": "emulated", "service": "ec2", "operation": "DescribeVpcs", "region": REGION, "status": 200}
    assert wanted.items() <= line.items()
    with pytest.raises(ClientError):
        account.client("ec2").delete_vpc(VpcId="vpc-00000000")
    assert lines(account)[-1]["status"] == 400


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "action"),
    [
        ("s3", "get_object", {"Bucket": "example", "Key": "a/b"}, "s3:GetObject"),
        # As `aws eks get-token` makes it.
        ("sts", "get_caller_identity", {}, "sts:GetCallerIdentity"),
    ],
)
def test_a_call_that_was_signed_beforehand_is_recorded_too(
    account: Account, service: str, operation: str, parameters: dict[str, str], action: str
) -> None:
    address = account.client(service).generate_presigned_url(operation, Params=parameters)
    http.get(address)
    line = lines(account)[-1]
    assert [one["action"] for one in line["asked"]] == [action]
    assert line["key"] == "emulated"
    assert "Signature" not in json.dumps(line)


def test_rules_the_hub_and_locks_of_buckets_are_judged_by_their_names(account: Account) -> None:
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/example"
    account.client("events").put_rule(Name="example", ScheduleExpression="rate(1 hour)")
    assert set(questions(account)) == {("events:PutRule", rule)}
    account.client("events").put_targets(Rule="example", Targets=[{"Id": "1", "Arn": "arn:aws:sns:example"}])
    assert set(questions(account)) == {("events:PutTargets", rule)}
    account.client("securityhub").enable_security_hub()
    hub = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default"
    assert set(questions(account)) == {("securityhub:EnableSecurityHub", hub)}
    name = new_name("bucket")
    where = {"LocationConstraint": REGION}
    account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where, ObjectLockEnabledForBucket=True)
    account.client("s3").put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"}
    )
    assert set(questions(account)) == {("s3:PutBucketObjectLockConfiguration", f"arn:aws:s3:::{name}")}


def test_who_says_whose_a_new_buckets_objects_are_is_asked_for_that_too(account: Account) -> None:
    name, where = new_name("bucket"), {"LocationConstraint": REGION}
    account.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration=where, ObjectOwnership="BucketOwnerEnforced"
    )
    bucket = f"arn:aws:s3:::{name}"
    assert set(questions(account)) == {("s3:CreateBucket", bucket), ("s3:PutBucketOwnershipControls", bucket)}


def test_a_services_own_role_is_judged_by_the_path_that_it_gets(account: Account) -> None:
    account.client("iam").create_service_linked_role(AWSServiceName="rds.amazonaws.com")
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/rds.amazonaws.com/*"
    assert questions(account) == {("iam:CreateServiceLinkedRole", role): {"iam:AWSServiceName": "rds.amazonaws.com"}}


def test_a_quota_is_asked_for_by_the_name_that_iam_has_for_its_service(account: Account) -> None:
    account.client("service-quotas").get_service_quota(ServiceCode="vpc", QuotaCode="L-F678F1CE")
    quota = f"arn:aws:servicequotas:{REGION}:{ACCOUNT}:vpc/L-F678F1CE"
    assert questions(account) == {("servicequotas:GetServiceQuota", quota): {}}


def test_a_bucket_in_the_hosts_name_is_not_taken_for_another(account: Account) -> None:
    address = account.client("s3").generate_presigned_url("get_object", Params={"Bucket": "example", "Key": "a/b"})
    http.get(address.replace("/example/", "/"), headers={"Host": "example.localhost"})
    line = lines(account)[-1]
    assert line["unread"] == "the bucket is in the host's name"
    assert "asked" not in line


def test_what_is_made_has_the_requests_tags_and_what_is_there_its_own(account: Account) -> None:
    client = account.client("ec2")
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    assert questions(account) == {
        ("ec2:CreateVpc", ec2("vpc")): GIVEN,
        ("ec2:CreateTags", ec2("vpc")): {**GIVEN, "ec2:CreateAction": "CreateVpc"},
    }
    client.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")
    assert questions(account) == {("ec2:CreateSubnet", ec2("vpc", vpc)): BORNE, ("ec2:CreateSubnet", ec2("subnet")): {}}
    client.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "example"}])
    assert questions(account) == {
        ("ec2:CreateTags", ec2("vpc", vpc)): {**BORNE, "aws:RequestTag/Name": "example", "aws:TagKeys": ["Name"]}
    }


def test_an_association_is_judged_by_what_it_associates(account: Account) -> None:
    client, network = account.client("ec2"), account.network()
    table = client.create_route_table(VpcId=network.vpc)["RouteTable"]["RouteTableId"]
    subnet = network.subnets[0]
    association = client.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    client.disassociate_route_table(AssociationId=association)
    assert set(questions(account)) == {
        ("ec2:DisassociateRouteTable", ec2("route-table", table)),
        ("ec2:DisassociateRouteTable", ec2("subnet", subnet)),
    }


def test_a_role_that_is_handed_on_has_to_be_passed(account: Account) -> None:
    cluster = account.cluster(account.network())
    (passed,) = [context for (action, _), context in questions(account).items() if action == "iam:PassRole"]
    assert passed == {"iam:PassedToService": "eks.amazonaws.com"}
    assert ("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/eks.amazonaws.com/*") in (
        questions(account)
    )
    account.client("eks").describe_cluster(name=cluster)
    assert set(questions(account)) == {("eks:DescribeCluster", f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{cluster}")}


def test_a_key_is_judged_by_itself_also_where_its_alias_is_named(account: Account) -> None:
    client, alias = account.client("kms"), f"alias/{new_name('example')}"
    arn = client.create_key(Tags=[{"TagKey": "patchbay:environment", "TagValue": "dev"}])["KeyMetadata"]["Arn"]
    client.create_alias(AliasName=alias, TargetKeyId=arn)
    client.describe_key(KeyId=alias)
    assert questions(account) == {("kms:DescribeKey", arn): BORNE}


def test_a_buckets_settings_are_judged_by_the_actions_that_iam_has_for_them(account: Account) -> None:
    client, name = account.client("s3"), new_name("example-bucket")
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.delete_bucket_lifecycle(Bucket=name)
    assert set(questions(account)) == {("s3:PutLifecycleConfiguration", f"arn:aws:s3:::{name}")}
    client.list_objects_v2(Bucket=name, Prefix="payloads/")
    assert questions(account) == {("s3:ListBucket", f"arn:aws:s3:::{name}"): {"s3:prefix": "payloads/"}}


def test_a_session_of_a_role_is_told_by_the_roles_arn(account: Account) -> None:
    role = account.role()
    keys = account.client("sts").assume_role(RoleArn=role, RoleSessionName="example")["Credentials"]
    boto3.client(
        "sts",
        region_name=REGION,
        endpoint_url=account.url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    ).get_caller_identity()
    assert role.rpartition("/")[2] in lines(account)[-1]["principal"]
    text = "\n".join(json.dumps(line) for line in lines(account))
    assert not [key for key in ("SecretAccessKey", "SessionToken") if keys[key] in text]


def _password(account: Account) -> None:
    account.client("rds").create_db_instance(
        DBInstanceIdentifier=new_name("db"),
        DBInstanceClass="db.t4g.medium",
        Engine="mariadb",
        EngineVersion="11.8.3",
        MasterUsername="example",
        MasterUserPassword=SECRET,
    )


def _secret(account: Account) -> None:
    account.client("secretsmanager").create_secret(Name=new_name("secret"), SecretString=SECRET)


def _user(account: Account) -> None:
    account.client("elasticache").create_user(
        UserId=new_name("user"), UserName="u", Engine="redis", AccessString="on ~* +@all", Passwords=[SECRET * 2]
    )


def _object(account: Account) -> None:
    client, bucket = account.client("s3"), new_name("example-bucket")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_object(Bucket=bucket, Key="key", Body=SECRET.encode())


def _unknown(account: Account) -> None:
    with pytest.raises(ClientError):
        account.client("rds").modify_db_instance(DBInstanceIdentifier="nobodys", MasterUserPassword=SECRET)


@pytest.mark.parametrize("call", [_password, _secret, _user, _object, _unknown])
def test_no_value_that_is_handed_over_is_recorded(call: Callable[[Account], None], account: Account) -> None:
    before = len(lines(account))
    call(account)
    assert len(lines(account)) > before
    assert account.record is not None
    assert SECRET not in account.record.read_text()


SERVICES: Final = (
    *("acm", "autoscaling", "budgets", "ce", "cloudwatch", "ec2", "ecr", "eks", "elasticache", "elbv2", "iam", "kms"),
    *("logs", "opensearch", "rds", "route53", "s3", "secretsmanager", "shield", "sns", "sts", "wafv2"),
)
_SECRET_NAMES: Final = re.compile(
    r"password|plaintext|secret(string|binary|access)|authtoken|userdata|private_?key|passphrase|^body$", re.IGNORECASE
)


def filled(shape: Shape, name: str = "", depth: int = 0) -> Any:
    """A value of the shape, with SECRET wherever botocore's model or a name says that it is one."""
    secret = shape.metadata.get("sensitive", False) or bool(_SECRET_NAMES.search(name))
    if isinstance(shape, StructureShape):
        return {key: filled(one, key, depth + 1) for key, one in shape.members.items()} if depth < 5 else {}
    if isinstance(shape, ListShape):
        return [filled(shape.member, name, depth + 1)]
    if isinstance(shape, MapShape):
        return {"key": filled(shape.value, name, depth + 1)}
    return SECRET if secret else {"string": "x", "boolean": True, "integer": 1, "long": 1}.get(shape.type_name, "x")


def operations(service: str) -> Iterator[OperationModel]:
    """Those that take something secret, and that IAM knows."""
    model = botocore.session.get_session().get_service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        known = reference.action(actions.prefix(service), actions.name(service, name, {}))
        if operation.input_shape is not None and known and SECRET in json.dumps(filled(operation.input_shape)):
            yield operation


def test_nothing_that_botocores_models_call_sensitive_is_asked_about() -> None:
    looked_at, told = 0, []
    for service in SERVICES:
        for operation in operations(service):
            assert operation.input_shape is not None
            call = Call(service, operation.name, ACCOUNT, REGION, filled(operation.input_shape))
            looked_at += 1
            if SECRET in json.dumps([question.members() for question in asked(call)]):
                told.append(f"{service}:{operation.name}")
    assert looked_at > 80
    assert not told


def last(account: Account) -> list[Recorded]:
    assert account.record is not None
    return list(read(account.record))[-1:]


def _make_group(account: Account, name: str, cluster: str) -> None:
    """An Auto Scaling group; of that cluster's, by its tag."""
    account.client("ec2").create_launch_template(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12c6146b", "InstanceType": "c7a.medium"}
    )
    tag = {"Key": f"k8s.io/cluster-autoscaler/{cluster}", "Value": "owned", "PropagateAtLaunch": True}
    account.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": name},
        VPCZoneIdentifier=account.network().subnets[0],
        Tags=[{"ResourceId": name, "ResourceType": "auto-scaling-group", **tag}],
    )


def _resize(account: Account, cluster: str = CLUSTER, groups: str = GROUPS) -> str:
    name = new_name(groups)
    _make_group(account, name, cluster)
    account.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)
    return f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/{name}"


def _new_password(account: Account, instance: str = INSTANCE) -> str:
    with pytest.raises(ClientError):
        account.client("rds").modify_db_instance(DBInstanceIdentifier=instance, MasterUserPassword=SECRET)
    return f"arn:aws:rds:{REGION}:{ACCOUNT}:db:{instance}"


def _metric(account: Account, namespace: str = "Patchbay") -> str:
    account.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "Nodes", "Value": 1}])
    return "*"


WORKLOADS_CALLS: Final = [
    (AUTOSCALER, "autoscaling:SetDesiredCapacity", _resize),
    (DATABASE_ACCESS, "rds:ModifyDBInstance", _new_password),
    (METRICS, "cloudwatch:PutMetricData", _metric),
]


@pytest.mark.parametrize(("workload", "action", "call"), WORKLOADS_CALLS)
def test_a_right_that_is_taken_from_a_workload_is_named_with_who_needs_it_and_where(
    workload: str, action: str, call: Callable[[Account], str], account: Account
) -> None:
    resource, holder = call(account), role(workload, ACCOUNT)
    assert not faults(holder, last(account))
    (fault,) = faults(without(action, holder), last(account))
    assert fault.startswith(f"patchbay-dev-shared-{workload} may not {action} on {resource} with ")
    assert fault.endswith(f":{action.partition(':')[2]} needs; no statement names the action")


@pytest.mark.parametrize(("workload", "action", "call"), WORKLOADS_CALLS)
def test_what_is_another_clusters_or_another_programs_is_refused_to_a_workload(
    workload: str, action: str, call: Callable[[Account, str], str], account: Account
) -> None:
    resource = call(account, "another")
    (fault,) = faults(role(workload, ACCOUNT), last(account))
    assert fault.startswith(f"patchbay-dev-shared-{workload} may not {action} on {resource} with ")
    assert re.search(r"; (a condition does not hold|on other resources only): ", fault)


def test_a_workload_may_not_what_is_outside_of_its_roles_boundary(account: Account) -> None:
    _resize(account, groups="another")
    (fault,) = faults(role(AUTOSCALER, ACCOUNT), last(account))
    assert fault.endswith("; its boundary does not allow it")
