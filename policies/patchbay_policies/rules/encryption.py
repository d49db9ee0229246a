"""Encryption at rest and in transit."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import UNKNOWN, Environment, Resource, ResourceRule
from patchbay_policies.reading import at, given, holds, items, true, undecided
from patchbay_policies.tokens import (
    CACHE,
    CLUSTER,
    DATABASE,
    DATABASE_PARAMETERS,
    KEY,
    LAUNCH_TEMPLATE,
    LISTENER,
    SEARCH,
    VOLUME,
)

# The switches that must be on, by type.
_AT_REST: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    DATABASE: (("storageEncrypted",),),
    CACHE: (("atRestEncryptionEnabled",),),
    SEARCH: (("encryptAtRest", "enabled"),),
    VOLUME: (("encrypted",),),
    "aws:efs/fileSystem:FileSystem": (("encrypted",),),
}
# Where a key of our own is named, by type.
_OWN_KEY: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    DATABASE: (("kmsKeyId",),),
    CACHE: (("kmsKeyId",),),
    SEARCH: (("encryptAtRest", "kmsKeyId"),),
    CLUSTER: (("encryptionConfig", "provider", "keyArn"),),
    "aws:cloudwatch/logGroup:LogGroup": (("kmsKeyId",),),
    "aws:secretsmanager/secret:Secret": (("kmsKeyId",),),
    "aws:sns/topic:Topic": (("kmsMasterKeyId",),),
}


def _is_copy(resource: Resource) -> bool:
    return resource.type == DATABASE and given(at(resource.props, "replicateSourceDb"))


def _at_rest(resource: Resource, _: Environment) -> Iterator[str]:
    if resource.type == LAUNCH_TEMPLATE:
        volumes = [at(mapping, "ebs") for mapping in items(at(resource.props, "blockDeviceMappings"))]
        if any(volume is not None and not true(at(volume, "encrypted")) for volume in volumes):
            yield "a volume of its blockDeviceMappings is not encrypted"
        if not given(at(resource.props, "blockDeviceMappings")):
            yield "without blockDeviceMappings its nodes start with the image's unencrypted volume"
        return
    # A copy within the region has its source's encryption and key.
    if _is_copy(resource):
        return
    for path in _AT_REST[resource.type]:
        if not true(at(resource.props, *path)):
            yield f"{'.'.join(path)} is not on"


def _own_key(resource: Resource, _: Environment) -> Iterator[str]:
    if _is_copy(resource):
        return
    for path in _OWN_KEY[resource.type]:
        value = at(resource.props, *path)
        if not given(value) or (isinstance(value, str) and value.startswith("alias/aws/")):
            yield f"{'.'.join(path)} names no key of this environment"


def _strong(policy: Any) -> bool:
    """Whether a TLS policy of a load balancer or a search domain refuses what is older than TLS 1.2."""
    return policy is UNKNOWN or (
        isinstance(policy, str) and any(part in policy for part in ("TLS13", "TLS-1-2", "TLS-1-3"))
    )


def _in_transit(resource: Resource, _: Environment) -> Iterator[str]:
    props = resource.props
    if resource.type == CACHE:
        if not true(at(props, "transitEncryptionEnabled")):
            yield "transitEncryptionEnabled is not on"
        if at(props, "transitEncryptionMode") == "preferred":
            yield "transitEncryptionMode lets clients go without TLS"
    elif resource.type == SEARCH:
        if not true(at(props, "nodeToNodeEncryption", "enabled")):
            yield "nodeToNodeEncryption.enabled is not on"
        if not true(at(props, "domainEndpointOptions", "enforceHttps")):
            yield "domainEndpointOptions.enforceHttps is not on"
        if not _strong(at(props, "domainEndpointOptions", "tlsSecurityPolicy")):
            yield "domainEndpointOptions.tlsSecurityPolicy takes TLS older than 1.2"
    elif resource.type == DATABASE_PARAMETERS:
        parameters = [p for p in items(at(props, "parameters")) if at(p, "name") == "require_secure_transport"]
        demanded = any(str(at(p, "value")).upper() in {"1", "ON"} for p in parameters)
        if not demanded and not undecided(at(props, "parameters")):
            yield "require_secure_transport is not 1"
    elif resource.type == DATABASE:
        if not given(at(props, "parameterGroupName")) and not _is_copy(resource):
            yield "without parameterGroupName the default group lets clients go without TLS"
    else:
        yield from _listener(props)


def _listener(props: Any) -> Iterator[str]:
    protocol = at(props, "protocol")
    if protocol in {"HTTP", "TCP"}:
        if undecided(at(props, "defaultActions")):
            return
        actions = items(at(props, "defaultActions"))
        redirects = [action for action in actions if holds(at(action, "redirect", "protocol"), "HTTPS")]
        if len(redirects) != len(actions) or not actions:
            yield f"it serves {protocol} without redirecting to HTTPS"
    elif protocol not in {"HTTPS", "TLS", UNKNOWN}:
        yield f"its protocol is {protocol}"
    elif protocol is not UNKNOWN and not _strong(at(props, "sslPolicy")):
        yield "its sslPolicy takes TLS older than 1.2"


def _rotation(resource: Resource, _: Environment) -> Iterator[str]:
    # Only symmetric keys for encryption can rotate by themselves.
    usage = at(resource.props, "keyUsage")
    if usage in {None, "ENCRYPT_DECRYPT"} and not true(at(resource.props, "enableKeyRotation")):
        yield "enableKeyRotation is not on"


RULES: Final = (
    ResourceRule(
        name="encrypted-at-rest",
        description="Every volume, database, cache and search domain is encrypted.",
        remedy="Switch its encryption on.",
        types=frozenset({*_AT_REST, LAUNCH_TEMPLATE}),
        check=_at_rest,
    ),
    ResourceRule(
        name="encrypted-with-a-key-of-ours",
        description="Data, secrets, logs and notices are encrypted with a key of the environment.",
        remedy="Name one of the environment's KMS keys.",
        types=frozenset(_OWN_KEY),
        check=_own_key,
    ),
    ResourceRule(
        name="encrypted-in-transit",
        description="Every connection to a store and to the edge is TLS 1.2 or newer.",
        remedy="Switch TLS on and demand it; let HTTP listeners only redirect to HTTPS.",
        types=frozenset({CACHE, SEARCH, DATABASE, DATABASE_PARAMETERS, LISTENER}),
        check=_in_transit,
    ),
    ResourceRule(
        name="keys-rotate",
        description="Encryption keys rotate every year.",
        remedy="Set enableKeyRotation.",
        types=frozenset({KEY}),
        check=_rotation,
    ),
)
