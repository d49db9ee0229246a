"""Where in AWS a resource is, going by the inputs that it was to be created with.

Each finder yields the ids by which the provider imports the type: none where nothing exists, several where a resource
and the one that replaces it exist at once.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.access import Access
from patchbay_operations.recovery.finders import identity, named, networks, relations

Finder = Callable[[Mapping[str, Any], Access], Iterator[str]]

FINDERS: Final[Mapping[str, Finder]] = {
    **networks.FINDERS,
    **identity.FINDERS,
    **named.FINDERS,
    **relations.FINDERS,
}

# Doing it again has the same result as having done it once, so nothing needs to be found.
REPEATABLE: Final = frozenset(
    {
        "aws:acm/certificateValidation:CertificateValidation",  # only waits
        "aws:autoscaling/attachment:Attachment",
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        "aws:cfg/deliveryChannel:DeliveryChannel",
        "aws:cfg/recorder:Recorder",
        "aws:cfg/recorderStatus:RecorderStatus",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",  # adopts what every VPC has
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration",
        "aws:guardduty/detectorFeature:DetectorFeature",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:secretsmanager/secretPolicy:SecretPolicy",
        "aws:securityhub/standardsSubscription:StandardsSubscription",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    }
)


def find(token: str, inputs: Mapping[str, Any], access: Access, known: Collection[str] = ()) -> str | None:
    """The id of the resource; None where AWS has none but the `known` ones.

    RuntimeError where AWS cannot be asked. KeyError for a type that is not in FINDERS.
    """
    finder = FINDERS[token]
    try:
        # A resource may have a region of its own.
        for identifier in finder(inputs, replace(access, region=inputs.get("region") or access.region)):
            if identifier not in known:
                return identifier
    except ClientError as error:
        if not _means_absent(error):
            raise RuntimeError(f"looking for a pending {token}: {error}") from error
    return None


def _means_absent(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status == 404 or any(word in code for word in ("NotFound", "NoSuch", "Nonexistent", "NonExistent"))
