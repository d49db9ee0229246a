"""Botocore's models of the services' operations."""

import threading
from functools import cache
from typing import Final

import botocore.session
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.model import OperationModel, ServiceModel, StructureShape

_LOCK: Final = threading.Lock()


@cache
def session() -> botocore.session.Session:
    """The one session: it keeps what it has loaded."""
    return botocore.session.get_session()


def operation(service: str, name: str) -> OperationModel:
    """An operation by its boto3 name. Raises KeyError."""
    with _LOCK:
        return _service(service).operation_model(_names(service)[name])


def request_shape(service: str, name: str) -> StructureShape:
    """The shape of an operation's request; without members where it takes none. Raises KeyError."""
    return operation(service, name).input_shape or StructureShape("Empty", {"type": "structure", "members": {}})


def create_client(
    service: str, region: str, *, endpoint: str, credentials: tuple[str, str, str | None], config: Config
) -> BaseClient:
    """A client of a service at an endpoint."""
    access_key, secret_key, token = credentials
    with _LOCK:
        return session().create_client(
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            aws_session_token=token,
            config=config,
        )


@cache
def _service(name: str) -> ServiceModel:
    return session().get_service_model(name)


@cache
def _names(service: str) -> dict[str, str]:
    return {xform_name(name): name for name in _service(service).operation_names}
