"""The tags by which AWS judges a call on something that is there."""

from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.access import Access
from patchbay_operations.permissions.conditions import Context

_PREFIX: Final = "aws:ResourceTag/"


@dataclass(frozen=True)
class ResourceTags:
    """Read once for each resource, of the services that choose the names of what they make."""

    access: Access
    _known: dict[str, Context] = field(default_factory=dict, repr=False)

    def of(self, arn: str) -> Context:
        """Condition keys; none for what is not there, and for resources that policies know by name."""
        if arn not in self._known:
            self._known[arn] = {f"{_PREFIX}{key}": value for key, value in self._read(arn)}
        return self._known[arn]

    def _read(self, arn: str) -> list[tuple[str, str]]:
        service, kind, identifier = _parts(arn)
        if "*" in identifier or not identifier:
            return []
        if service == "ec2":
            of_it = [{"Name": "resource-id", "Values": [identifier]}]
            return _pairs(self.access.client("ec2").describe_tags(Filters=of_it)["Tags"])
        try:
            if (service, kind) == ("kms", "key"):
                answer = self.access.client("kms").list_resource_tags(KeyId=arn)
                return _pairs(answer["Tags"], key="TagKey", value="TagValue")
            if (service, kind) == ("acm", "certificate"):
                return _pairs(self.access.client("acm").list_tags_for_certificate(CertificateArn=arn)["Tags"])
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise
        return []


def _parts(arn: str) -> tuple[str, str, str]:
    """Service, kind and identifier, where an ARN has all three."""
    _, _, service, _, _, resource = (*arn.split(":", 5), *[""] * 6)[:6]
    kind, _, identifier = resource.partition("/")
    return service, kind, identifier


def _pairs(tags: list[dict[str, Any]], *, key: str = "Key", value: str = "Value") -> list[tuple[str, str]]:
    return [(str(tag[key]), str(tag[value])) for tag in tags]
