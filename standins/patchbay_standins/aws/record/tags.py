"""The tags by which AWS judges a call on something that is there, of the services whose policies ask for them."""

from collections.abc import Callable, Mapping
from typing import Final

from moto.acm.models import acm_backends
from moto.autoscaling.models import autoscaling_backends
from moto.ce.models import ce_backends
from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends
from moto.shield.models import shield_backends

from patchbay_standins.aws.record import values

Tags = Mapping[str, str]


def of(arn: str, account: str) -> Tags:
    """None for what is not there, and of services that are not asked here."""
    _, _, service, region, _, resource = (*arn.split(":", 5), *[""] * 6)[:6]
    reader = _READERS.get(service)
    if reader is None or resource.endswith("*"):
        return {}
    return reader(account, region, arn, resource)


def _ec2(account: str, region: str, _arn: str, resource: str) -> Tags:
    return dict(ec2_backends[account][region].tags.get(resource.partition("/")[2], {}))


def _kms(account: str, region: str, _arn: str, resource: str) -> Tags:
    return kms_backends[account][region].tagger.get_tag_dict_for_resource(resource.partition("/")[2])


def _acm(account: str, region: str, arn: str, _resource: str) -> Tags:
    certificate = acm_backends[account][region]._certificates.get(arn)
    return {} if certificate is None else {key: value or "" for key, value in certificate.tags.items()}


def _ce(account: str, _region: str, arn: str, _resource: str) -> Tags:
    return ce_backends[account]["aws"].tagger.get_tag_dict_for_resource(arn)


def _shield(account: str, _region: str, arn: str, _resource: str) -> Tags:
    return shield_backends[account]["aws"].tagger.get_tag_dict_for_resource(arn)


def _autoscaling(account: str, region: str, _arn: str, resource: str) -> Tags:
    group = autoscaling_backends[account][region].autoscaling_groups.get(resource.rpartition("/")[2])
    return {} if group is None else values.pairs(group.tags)


_READERS: Final[Mapping[str, Callable[[str, str, str, str], Tags]]] = {
    "acm": _acm,
    "autoscaling": _autoscaling,
    "ce": _ce,
    "ec2": _ec2,
    "kms": _kms,
    "shield": _shield,
}
