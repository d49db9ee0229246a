"""Tags of EC2 resources, as AWS shows them."""

import uuid

from tests.standins.aws.account import Account


def test_a_launch_template_shows_the_tags_that_it_was_given_later(account: Account) -> None:
    ec2 = account.client("ec2")
    made = ec2.create_launch_template(
        LaunchTemplateName=f"nodes-{uuid.uuid4().hex}",
        LaunchTemplateData={"InstanceType": "m7i.large"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "owner", "Value": "first"}]}],
    )
    template = made["LaunchTemplate"]["LaunchTemplateId"]
    ec2.create_tags(Resources=[template], Tags=[{"Key": "owner", "Value": "second"}])
    (found,) = ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    assert found["Tags"] == [{"Key": "owner", "Value": "second"}]


def test_an_elastic_ip_is_found_by_its_tag(account: Account) -> None:
    ec2, name = account.client("ec2"), uuid.uuid4().hex
    specification = {"ResourceType": "elastic-ip", "Tags": [{"Key": "Name", "Value": name}]}
    address = ec2.allocate_address(Domain="vpc", TagSpecifications=[specification])["AllocationId"]
    filters = [{"Name": "resource-type", "Values": ["elastic-ip"]}, {"Name": "value", "Values": [name]}]
    assert [tag["ResourceId"] for tag in ec2.describe_tags(Filters=filters)["Tags"]] == [address]
