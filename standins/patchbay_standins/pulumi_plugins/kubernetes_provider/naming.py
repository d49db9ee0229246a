"""Completes a program's inputs: the name and namespace that it leaves to the provider."""

import hashlib
import secrets
from typing import Final

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2

from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

AUTONAMED: Final = "pulumi.com/autonamed"
_DISABLE: Final = provider_pb2.CheckRequest.AutonamingOptions.Mode.Value("DISABLE")


class NamingError(ProviderError):
    """The object has no name, and cannot be given one."""


def complete_name(request: provider_pb2.CheckRequest, metadata: Struct) -> None:
    """Sets the name where the program leaves it out: the old name, else the resource's name and a random end."""
    if not is_absent(metadata, "generateName"):
        message = "generateName cannot be applied server-side: leave the name out, and the object gets a unique one"
        raise NamingError(message)
    if not is_absent(metadata, "name"):
        return
    metadata.fields["name"].string_value = _old_name(request.olds) or _new_name(request)
    metadata.fields["annotations"].struct_value.fields[AUTONAMED].string_value = "true"


def is_absent(struct: Struct, key: str) -> bool:
    """Whether a property map holds nothing under a key."""
    return key not in struct.fields or struct.fields[key].HasField("null_value")


def _old_name(olds: Struct) -> str | None:
    if is_absent(olds, "metadata"):
        return None
    metadata = olds.fields["metadata"].struct_value
    if is_absent(metadata, "annotations"):
        return None
    annotations = metadata.fields["annotations"].struct_value
    return None if is_absent(annotations, AUTONAMED) else metadata.fields["name"].string_value


def _new_name(request: provider_pb2.CheckRequest) -> str:
    options = request.autonaming
    if request.HasField("autonaming") and options.mode == _DISABLE:
        message = "metadata.name is missing, and the project's configuration disables automatic names"
        raise NamingError(message)
    if request.HasField("autonaming") and options.proposed_name:
        return options.proposed_name
    # The engine's seed makes an update choose the name that its preview has shown.
    seed = request.randomSeed or secrets.token_bytes(16)
    digest = hashlib.sha256(seed + request.urn.encode()).hexdigest()[:8]
    return f"{request.urn.rpartition('::')[2].lower()}-{digest}"
