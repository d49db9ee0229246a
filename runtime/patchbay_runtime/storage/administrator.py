"""The administrator of a managed database, whose password nobody keeps: it is set anew whenever he is needed."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final

import httpx

from patchbay_runtime.identity.credentials import AwsAwayError, pod_credentials
from patchbay_runtime.identity.signed_forms import signed_form

_TIMEOUT_SECONDS: Final = 10.0
# 40 characters: RDS takes 8 to 41 for MariaDB, and neither of / " @ nor a space.
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
_PASSWORD_BYTES: Final = 30
# A password is applied at once. `ApplyImmediately` would bring every other pending change of the instance along.
_CALL: Final = {"Action": "ModifyDBInstance", "Version": "2014-10-31"}
_CODE: Final = re.compile(r"<Code>([\w.]{1,80})</Code>")


class AdministratorError(AwsAwayError):
    """RDS does not set the password: the instance is being changed, the call is not allowed, or RDS is away."""


@dataclass(frozen=True)
class Administrator:
    """Who may make accounts, until somebody sets another password."""

    user: str
    password: str = field(repr=False)


def new_administrator(user: str, *, instance: str, region: str, endpoint: str | None = None) -> Administrator:
    """Set a new password, as the pod's AWS identity. RDS takes it over within minutes.

    `instance`: the identifier of the write copy. `endpoint`: of RDS' API, AWS' own in the region if None. Raises
    AdministratorError, and IdentityError.
    """
    made = Administrator(user, secrets.token_urlsafe(_PASSWORD_BYTES))
    url = endpoint or f"https://rds.{region}.amazonaws.com/"
    form = {**_CALL, "DBInstanceIdentifier": instance, "MasterUserPassword": made.password}
    body, headers = signed_form(pod_credentials(), service="rds", region=region, url=url, form=form)
    try:
        with httpx.Client(timeout=_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise AdministratorError(f"RDS cannot be reached ({type(error).__name__})") from error
    if answer.is_error:
        # The rest of the answer is not ours to repeat.
        code = found.group(1) if (found := _CODE.search(answer.text)) else f"status {answer.status_code}"
        raise AdministratorError(f"RDS sets no new password of {instance}'s administrator ({code})")
    return made
