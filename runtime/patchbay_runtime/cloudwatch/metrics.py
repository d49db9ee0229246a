"""CloudWatch's side: metrics of one namespace, by cluster."""

import asyncio
from collections.abc import Mapping
from typing import Final, Self

import httpx

from patchbay_runtime.identity.credentials import IdentityError, pod_credentials
from patchbay_runtime.identity.signed_forms import signed_form

NAMESPACE: Final = "Patchbay"
DIMENSION: Final = "Cluster"
TIMEOUT_SECONDS: Final = 10.0
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
_CALL: Final = {"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": NAMESPACE}


class CloudWatchAwayError(Exception):
    """CloudWatch could not be reached, or refuses."""


class CloudWatchMetrics:
    """Puts figures of a cluster, as the pod's own AWS identity."""

    def __init__(self, endpoint: str, region: str, cluster: str) -> None:
        self._endpoint = endpoint
        self._region = region
        self._cluster = cluster
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def put(self, figures: Mapping[str, int]) -> None:
        """One value each, as of now. Raises CloudWatchAwayError."""
        form = dict(_CALL)
        for number, (name, value) in enumerate(figures.items(), start=1):
            member = f"MetricData.member.{number}"
            form |= {f"{member}.MetricName": name, f"{member}.Value": str(value), f"{member}.Unit": "Count"}
            dimension = f"{member}.Dimensions.member.1"
            form |= {f"{dimension}.Name": DIMENSION, f"{dimension}.Value": self._cluster}
        try:
            # The pod's agent is asked over HTTP, outside of the event loop.
            credentials = await asyncio.to_thread(pod_credentials)
            body, headers = signed_form(
                credentials, service="monitoring", region=self._region, url=self._endpoint, form=form
            )
            answer = await self._client.post(self._endpoint, content=body, headers=headers)
        except IdentityError as error:
            raise CloudWatchAwayError(str(error)) from error
        except httpx.HTTPError as error:
            raise CloudWatchAwayError(f"CloudWatch cannot be reached ({type(error).__name__})") from error
        if answer.is_error:
            raise CloudWatchAwayError(f"CloudWatch refuses the metrics with status {answer.status_code}")
