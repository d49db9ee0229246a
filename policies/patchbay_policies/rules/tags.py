"""Which providers are used, and the tags by which resources, bills and owners are found."""

from collections.abc import Iterator, Mapping
from typing import Final

from patchbay_policies.model import UNKNOWN, Environment, Resource, ResourceRule, Setting
from patchbay_policies.reading import at, joined

REQUIRED: Final = (
    "Name",
    "patchbay:environment",
    "patchbay:owner",
    "patchbay:cost-center",
    "patchbay:managed-by",
)

# AWS has no tags for these.
UNTAGGABLE: Final = frozenset(
    {
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:autoscaling/attachment:Attachment",
        "aws:autoscaling/tag:Tag",
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "aws:ec2/networkAclAssociation:NetworkAclAssociation",
        "aws:ec2/networkAclRule:NetworkAclRule",
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2clientvpn/authorizationRule:AuthorizationRule",
        "aws:ec2clientvpn/networkAssociation:NetworkAssociation",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "aws:route53/record:Record",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:secretsmanager/secretRotation:SecretRotation",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    }
)

PROVIDERS: Final = ("aws", "kubernetes", "patchbay", "pulumi")


def _provider(resource: Resource, environment: Environment) -> Iterator[str]:
    package = resource.type.split(":", maxsplit=1)[0]
    if package == "pulumi" and resource.type.startswith("pulumi:providers:"):
        package = resource.type.rsplit(":", maxsplit=1)[-1]
    if package not in environment.settings["providers"]:
        yield f"provider {package} has not been reviewed"


def _required(resource: Resource, environment: Environment) -> Iterator[str]:
    if resource.type in UNTAGGABLE:
        return
    tags = at(resource.props, "tags")
    if tags is UNKNOWN:
        return
    present = {key for key, value in tags.items() if value} if isinstance(tags, Mapping) else set()
    if missing := set(environment.settings["required"]) - present:
        yield f"it has no tag {joined(list(missing))}"


def _environment(resource: Resource, environment: Environment) -> Iterator[str]:
    said = at(resource.props, "tags", "patchbay:environment")
    if said not in {None, UNKNOWN, environment.name}:
        yield f"it is tagged as environment {said}, and deployed in {environment.name}"


RULES: Final = (
    ResourceRule(
        name="reviewed-providers-only",
        description="Resources come from providers that have been reviewed.",
        remedy="Use one of those, or have the provider reviewed and add it to this rule's setting providers.",
        types=frozenset(),
        settings={"providers": Setting(list(PROVIDERS), {"type": "array", "items": {"type": "string"}})},
        check=_provider,
    ),
    ResourceRule(
        name="tags-required",
        description="Everything that AWS can tag says its name, environment, owner, cost center and maker.",
        remedy="Set tags=context.tags(...).",
        types=frozenset(),
        package="aws",
        settings={"required": Setting(list(REQUIRED), {"type": "array", "items": {"type": "string"}})},
        check=_required,
    ),
    ResourceRule(
        name="tagged-as-this-environment",
        description="The environment tag names the environment that the resource is deployed in.",
        remedy="Take the tags from the environment's context.",
        types=frozenset(),
        package="aws",
        check=_environment,
    ),
)
