"""A request of an AWS client: which operation of which service it calls in which region, and with what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

# ... Credential=KEY/DATE/REGION/SERVICE/aws4_request
_CREDENTIAL: Final = re.compile(
    r"Credential=(?P<key>[^/]+)/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request",
)


@dataclass(frozen=True)
class Credential:
    """What a signature says: whose key, for which region, for the service of that signing name."""

    key: str
    region: str
    service: str

    @classmethod
    def of(cls, header: str) -> "Credential | None":
        """From the `Authorization` header; None where there is no signature in it."""
        found = _CREDENTIAL.search(header)
        return cls(found["key"], found["region"], found["service"]) if found else None


@dataclass(frozen=True)
class Matched:
    """The operation that a request calls; `labels`: what its path says."""

    request: Request
    model: OperationModel
    labels: Mapping[str, Any]

    @property
    def protocol(self) -> str:
        return determine_request_protocol(self.model.service_model, self.request.content_type)

    def parameters(self) -> dict[str, Any]:
        """Named and typed as boto3's keyword arguments."""
        request = self.request
        parsed: dict[str, Any] = PROTOCOL_PARSERS[self.protocol](self.model, map_type=dict).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.data,
                "url_path": request.path,
                "url_params": dict(self.labels),
            }
        )
        return parsed


def match(request: Request, service: str) -> Matched | None:
    """`service`: as botocore names it. None where it has no such operation."""
    try:
        model, labels = get_service_router(service).match(request)
    except NotFound:
        return None
    return Matched(request, model, labels)
