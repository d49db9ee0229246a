"""Calls of AWS' query protocol: a form, signed by the pod's identity."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def signed_form(
    credentials: "ReadOnlyCredentials", *, service: str, region: str, url: str, form: Mapping[str, str]
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a POST. Without the descriptions of AWS' services, botocore signs and does no more."""
    from botocore.auth import SigV4Auth  # noqa: PLC0415 - heavy, and not of the other programs
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - as above

    body = urlencode(form).encode()
    request = AWSRequest(method="POST", url=url, data=body, headers=_FORM)
    SigV4Auth(credentials, service, region).add_auth(request)
    return body, dict(request.headers)
