"""Whether the stack may be made and destroyed every night, as its file says."""

import json
import re

from patchbay_operations.bootstrap.stack_file import examples
from patchbay_operations.smoke.preflight.lack import Lacks
from patchbay_operations.smoke.stack_file import Infra, Stack
from patchbay_operations.stack_file import INFRA


def look(stack: Stack, lacks: Lacks, *, aws_only: bool, destroy_only: bool) -> None:
    """Fields that forbid it, or that would make the second night differ from the first."""
    infra = stack.infra
    if infra.environment.production:
        lacks.add(
            f"{INFRA}.environment.production",
            f"{stack.name} is production, which no smoke run ever makes or destroys",
            "name a stack that says false, such as dev",
        )
    for fault in examples(infra):
        lacks.add_line(fault, below=f"{INFRA}.")
    _data(infra, lacks)
    if not destroy_only:
        _names(infra, lacks)
    if not stack.keeps_secrets:
        lacks.add(
            str(stack.file.name),
            "no `encryptedkey`: Pulumi would not know who encrypts the state's secrets",
            f"run `make bootstrap STACK={stack.name} ARGS=--login`, and commit the file",
        )
    if not (aws_only or destroy_only):
        _images(stack, lacks)


def _data(infra: Infra, lacks: Lacks) -> None:
    databases = infra.databases
    if databases.deletion_protection:
        lacks.add(f"{INFRA}.databases.deletionProtection", "the databases could not be deleted", "set it to false")
    if databases.final_snapshot is not None:
        lacks.add(f"{INFRA}.databases.finalSnapshot", "a snapshot of each night would be kept", "set it to null")
    if not infra.objects.force_destroy:
        lacks.add(f"{INFRA}.objects.forceDestroy", "a bucket with payloads could not be deleted", "set it to true")


def _names(infra: Infra, lacks: Lacks) -> None:
    if infra.edge.zone_id is None:
        lacks.add(
            f"{INFRA}.edge.zoneId",
            "a zone made anew has other name servers each time, and its certificate would wait for them in vain",
            "make the zone once, with `make bootstrap`, delegate to it, and name it",
        )
    if infra.edge.shield:
        lacks.add(f"{INFRA}.edge.shield", "Shield Advanced is subscribed to for a year", "set it to false")
    if tenants := sorted(tenant for cluster in infra.clusters.values() for tenant in cluster.tenants):
        # Secrets Manager: a name is free again only when the recovery window is over, 7 days at the least.
        lacks.add(
            f"{INFRA}.clusters.<cluster>.tenants",
            f"the names of the secrets of {', '.join(tenants)} stay taken for days after their deletion",
            "leave the list empty; the proof makes a tenant of its own",
        )


def _images(stack: Stack, lacks: Lacks) -> None:
    where, lock = "patchbay:platform.imageLock", stack.platform.image_lock
    everything = "or leave the platform out with --aws-only"
    if lock is None:
        lacks.add(where, "missing: there is no platform whose scaling could be proven", f"name the lock, {everything}")
        return
    path = stack.file.parent / lock
    try:
        locked = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        lacks.add(where, f"{lock} cannot be read ({type(error).__name__})", f"lock the images there, {everything}")
        return
    if not locked:
        lacks.add(where, f"{lock} locks no image, so that no platform is deployed", f"lock the images, {everything}")
    own = re.compile(rf"/patchbay-{re.escape(stack.environment)}-[^/]*@")
    if lost := sorted(name for name, image in locked.items() if own.search(str(image))):
        lacks.add(
            where,
            f"{', '.join(lost)}: in repositories of {stack.environment}, which are destroyed with it",
            "copy the images to a registry that stays, and lock them there",
        )
