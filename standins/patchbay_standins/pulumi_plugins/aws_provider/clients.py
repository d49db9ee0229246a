"""The emulator's API, reached by botocore."""

import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ParamValidationError,
)

from patchbay_standins.pulumi_plugins.aws_provider import models
from patchbay_standins.pulumi_plugins.aws_provider.resource import AwsError
from patchbay_standins.pulumi_plugins.aws_provider.settings import Settings
from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError


class Clients:
    """One client for each service and region, made when it is first needed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clients: dict[tuple[str, str], BaseClient] = {}
        self._lock = threading.Lock()
        self._config = Config(
            retries={"total_max_attempts": 1},
            max_pool_connections=64,
            connect_timeout=5,
            read_timeout=120,
            # Those of the surroundings are not for this machine.
            proxies={},
            s3={"addressing_style": "path" if settings.path_style else "auto"},
        )

    def missing_endpoint(self, service: str) -> str | None:
        """What is to be done where a service has no endpoint."""
        if service in self._settings.endpoints:
            return None
        return f"the provider's `endpoints` name none for {service}: add it there; nothing else is ever reached"

    def call(self, service: str, region: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to an operation. Raises AwsError, and ProviderError where none came."""
        client = self._client(service, region)
        name = client.meta.method_to_api_mapping[operation]
        try:
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except ClientError as error:
            content = error.response["Error"]
            raise AwsError(name, content.get("Code", "Unknown"), content.get("Message", "")) from None
        except ParamValidationError as error:
            message = f"{name}: {error}"
            raise ProviderError(message) from None
        except (EndpointConnectionError, ConnectionClosedError):
            message = f"{name}: nothing answers at {self._settings.endpoints[service]}: start the emulator (make up)"
            raise ProviderError(message) from None
        except BotoCoreError as error:
            message = f"{name}: {error}"
            raise ProviderError(message) from None
        answer.pop("ResponseMetadata", None)
        return answer

    def account(self) -> str:
        """The account's number."""
        return self._account

    @cached_property
    def _account(self) -> str:
        return str(self.call("sts", self._settings.region, "get_caller_identity", {})["Account"])

    def _client(self, service: str, region: str) -> BaseClient:
        key = (service, region)
        client = self._clients.get(key)
        if client is not None:
            return client
        missing = self.missing_endpoint(service)
        if missing:
            raise ProviderError(missing)
        # Making a client is not safe in threads; using one is.
        with self._lock:
            if key not in self._clients:
                self._clients[key] = models.create_client(
                    service,
                    region,
                    endpoint=self._settings.endpoints[service],
                    credentials=(self._settings.access_key, self._settings.secret_key, self._settings.token),
                    config=self._config,
                )
            return self._clients[key]
