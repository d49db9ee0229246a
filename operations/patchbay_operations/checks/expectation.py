"""What a role must be able to do and must not, in terms of what there is in AWS."""

from dataclasses import dataclass

from patchbay_operations.checks.facts import Facts
from patchbay_operations.permissions.evaluation import Call


@dataclass(frozen=True)
class Expectation:
    """Of the role of that name: calls that it needs, and calls that would be too much."""

    role: str
    must: tuple[Call, ...]
    must_not: tuple[Call, ...]


@dataclass(frozen=True)
class Names:
    """ARNs of the environment's things, of their kind in another environment, and of keys by their alias."""

    facts: Facts

    @property
    def prefix(self) -> str:
        """What every name of the environment begins with."""
        return f"patchbay-{self.facts.environment}-"

    @property
    def account(self) -> str:
        return str(self.facts.access.client("sts").get_caller_identity()["Account"])

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """In the environment's account; `region=False` for global services such as IAM."""
        return f"arn:aws:{service}:{self.facts.access.region if region else ''}:{self.account}:{resource}"

    def secret(self, path: str) -> str:
        """Of Secrets Manager, which ends every ARN with six characters of its own."""
        return self.arn("secretsmanager", f"secret:{path}-AbCdEf")

    @property
    def tenant_secret(self) -> str:
        """One that a tenant's connector may have."""
        return self.secret(f"patchbay/{self.facts.environment}/tenants/example/connectors")

    @property
    def payloads(self) -> str:
        """The payload bucket."""
        buckets = self.facts.owned("s3", "list_buckets", "Buckets", "Name")
        return f"arn:aws:s3:::{next(one['Name'] for one in buckets if 'payload' in one['Name'])}"

    def key(self, purpose: str) -> str:
        """The key that an alias of the environment names, such as `data`."""
        alias = f"alias/{self.prefix}{purpose}"
        return str(self.facts.access.client("kms").describe_key(KeyId=alias)["KeyMetadata"]["Arn"])

    @property
    def keys_of_records(self) -> list[str]:
        """Those of what the account's guards write down, as far as the environment makes it."""
        aliases = self.facts.owned("kms", "list_aliases", "Aliases", "AliasName")
        beginning = f"alias/{self.prefix}auditing-"
        return [
            self.arn("kms", f"key/{one['TargetKeyId']}") for one in aliases if one["AliasName"].startswith(beginning)
        ]

    @property
    def zone(self) -> str:
        """The hosted zone with the environment's tag."""
        route53 = self.facts.access.client("route53")
        for listed in self.facts.pages("route53", "list_hosted_zones", "HostedZones"):
            identifier = listed["Id"].rpartition("/")[2]
            kept = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=identifier)
            if self._is_own(kept["ResourceTagSet"]["Tags"]):
                return f"arn:aws:route53:::hostedzone/{identifier}"
        raise LookupError(f"no hosted zone of {self.facts.environment}")

    @property
    def certificate(self) -> str:
        """The certificate with the environment's tag."""
        acm = self.facts.access.client("acm")
        for listed in self.facts.pages("acm", "list_certificates", "CertificateSummaryList"):
            arn = str(listed["CertificateArn"])
            if self._is_own(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]):
                return arn
        raise LookupError(f"no certificate of {self.facts.environment}")

    @property
    def log_groups(self) -> list[str]:
        """The names of all its log groups."""
        return [str(group["logGroupName"]) for group in self.facts.log_groups]

    def _is_own(self, tags: list[dict[str, str]]) -> bool:
        return {"Key": "patchbay:environment", "Value": self.facts.environment} in tags

    def through(self, service: str) -> dict[str, str]:
        """The condition key of a call to KMS that another service makes."""
        return {"kms:ViaService": f"{service}.{self.facts.access.region}.amazonaws.com"}
