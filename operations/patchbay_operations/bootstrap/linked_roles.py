"""Roles that services of AWS work by in an account: one for each service and account, so no environment's own."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from patchbay_operations.access import answers
from patchbay_operations.bootstrap.findings import Work
from patchbay_operations.bootstrap.stack_file import Infra
from patchbay_operations.refusal import code

STEP: Final = "service roles"
_ALWAYS: Final = (
    "autoscaling",
    "eks",
    "eks-nodegroup",
    "elasticache",
    "elasticloadbalancing",
    "opensearchservice",
    "rds",
)


def needed(infra: Infra) -> Iterator[str]:
    """The services' principals. Source: Service Authorization Reference and each service's guide, "service-linked".

    Most services make their roles themselves, at the first use by somebody who may make them. OpenSearch's does not
    reliably come with the first domain in a VPC (CDK's notes on OpenSearch tell of the refusal, "you must enable a
    service-linked role"), and a key's policy that names Auto Scaling's role is refused before there is one. Client VPN
    works by both of its roles (Client VPN Administrator Guide, "Using service-linked roles").
    """
    yield from (f"{service}.amazonaws.com" for service in _ALWAYS)
    if any(cluster.flows.spot for cluster in infra.clusters.values()):
        yield "spot.amazonaws.com"
    if infra.vpn is not None:
        yield "clientvpn.amazonaws.com"
        yield "clientvpn-connections.amazonaws.com"
    if infra.images.registry_scanning == "enhanced":
        yield "inspector2.amazonaws.com"
    if infra.auditing.aws_config == "made":
        yield "config.amazonaws.com"
    if infra.edge.shield:
        yield "shield.amazonaws.com"


def ensure(work: Work) -> None:
    """A service that lets nobody else make its role is told, and makes it itself."""
    client = work.access.client("iam")
    for service in needed(work.stack.infra):
        if _there(client, service):
            work.found(STEP, service)
            continue
        try:
            work.make(STEP, service, partial(client.create_service_linked_role, AWSServiceName=service))
        except ClientError as error:
            if code(error) != "InvalidInput":
                raise
            if "has been taken" in str(error):
                work.found(STEP, service)
            else:
                work.look(
                    STEP, f"{service}: IAM makes no such role; the service makes it at an administrator's first use"
                )


def _there(client: Any, service: str) -> bool:
    """By the path, which is the service's name; the roles' own names follow no rule."""
    pages = answers(client, "list_roles", PathPrefix=f"/aws-service-role/{service}/")
    return any(page["Roles"] for page in pages)
