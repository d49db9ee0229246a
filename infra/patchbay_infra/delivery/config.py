"""Configuration of the delivery identity."""

from typing import Annotated, Final

from patchbay_config.model import Model
from pydantic import Field, field_validator

Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]

_GITHUB: Final = "https://token.actions.githubusercontent.com"
_ISSUER = r"^https://[a-z0-9.-]+(/[\w.-]+)*$"


class DeliveryConfig(Model):
    """Who may deploy: a repository of a code host that signs its jobs' tokens.

    `issuer`: the host's address as its tokens name it. `provider_arn`: of the issuer's OIDC provider where another
    environment of the account made it already (an account has one per issuer).
    `repository`: owner/name. `branch`: the only one that this environment is deployed from.
    `state_bucket`, `state_key_arn`: where Pulumi keeps the stack's state, and the key of the secrets in it.
    `further_regions`: beside the environment's own, those that the databases' backups are copied to.
    `apply_session_seconds`: the longest that a deployment may take; its job has to ask for as much, as the code host's
    action asks for an hour unless it is told. AWS' own waits add up: a change of both copies of the database (the
    provider waits 80 minutes for each) and of the search (60 minutes and more) do not fit into less than the default.
    """

    issuer: Annotated[str, Field(pattern=_ISSUER)] = _GITHUB
    audience: Annotated[str, Field(pattern=r"^[\w.:/-]+$")] = "sts.amazonaws.com"
    provider_arn: Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:oidc-provider/[\w./-]+$")] | None = None
    repository: Annotated[str, Field(pattern=r"^[\w-]+/[\w.-]+$")]
    branch: str = "main"
    state_bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    state_key_arn: Annotated[str, Field(pattern=r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[\w-]+$")]
    further_regions: tuple[Region, ...] = ()
    apply_session_seconds: Annotated[int, Field(ge=3600, le=43200)] = 14400

    @field_validator("issuer")
    @classmethod
    def _claims_that_aws_reads(cls, issuer: str) -> str:
        """The apply role asks for the branch's claim, `ref`, which no token of another host would have for STS.

        Source: Service Authorization Reference, AWS Security Token Service, condition keys.
        """
        if not f"{issuer}/".startswith(f"{_GITHUB}/"):
            raise ValueError(f"AWS reads a token's branch for {_GITHUB} only; remove it, or name one of its paths")
        return issuer

    @field_validator("branch")
    @classmethod
    def _one_branch(cls, branch: str) -> str:
        if branch.startswith("refs/"):
            raise ValueError("not a branch but a ref; leave refs/heads/ out")
        if not branch or set(branch) & set("*? "):
            raise ValueError("an environment is deployed from one branch; name it without wildcards")
        return branch

    @property
    def issuer_name(self) -> str:
        """The issuer as IAM's condition keys spell it."""
        return self.issuer.removeprefix("https://")
