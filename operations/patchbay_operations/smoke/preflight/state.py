"""Whether Pulumi's state is there, and whose resources are in it."""

from botocore.exceptions import ClientError

from patchbay_operations.access import Access
from patchbay_operations.smoke.child import ChildError, Within
from patchbay_operations.smoke.engine import Engine
from patchbay_operations.smoke.options import Options
from patchbay_operations.smoke.preflight.lack import Lacks
from patchbay_operations.smoke.record import Entry, Record, RecordError
from patchbay_operations.smoke.stack_file import Stack

_ABSENT = frozenset({"404", "NoSuchBucket", "NotFound", "NotFoundException"})


def places(access: Access, stack: Stack, lacks: Lacks) -> bool:
    """The bucket and the key; whether both are there."""
    delivery, prepare = stack.infra.delivery, f"run `make bootstrap STACK={stack.name} ARGS=--login`"
    before = len(lacks.found)
    with lacks.asking("s3:ListBucket"):
        try:
            access.client("s3").head_bucket(Bucket=delivery.state_bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            lacks.add("patchbay:infra.delivery.stateBucket", f"there is no {delivery.state_bucket}", prepare)
    if delivery.known_key is None:
        lacks.add("patchbay:infra.delivery.stateKeyArn", "names no key", prepare)
    else:
        with lacks.asking("kms:DescribeKey"):
            try:
                kept = access.client("kms").describe_key(KeyId=delivery.known_key)["KeyMetadata"]
            except ClientError as error:
                if error.response["Error"]["Code"] not in _ABSENT:
                    raise
                kept = {"KeyState": "not there"}
            if kept["KeyState"] != "Enabled":
                lacks.add("patchbay:infra.delivery.stateKeyArn", f"the key is {kept['KeyState']}", prepare)
    return len(lacks.found) == before


def unfinished(record: Record, options: Options, environment: dict[str, str], lacks: Lacks) -> Entry | None:
    """The entry of a run that did not end; one that may still run is lacking its end."""
    with lacks.asking("s3:GetObject"):
        try:
            entry = record.read()
        except RecordError as error:
            where, _, rest = str(error).rpartition(": ")
            lacks.add(where, *rest.split("; "))
            return None
        if entry is not None and not (options.take_over or entry.is_over(environment)):
            lacks.add(
                f"s3://{record.bucket}/{record.key}",
                f"a smoke run of {record.stack} by {entry.owner}, begun {entry.began}, may run until {entry.until}",
                "wait for it, or give --take-over where it has ended",
            )
        return entry
    return None


def holdings(engine: Engine, stack: Stack, within: Within, *, before: Entry | None, lacks: Lacks) -> None:
    """The stack's resources in the state. `before`: the unfinished run that made them."""
    try:
        if not engine.knows_stack(within):
            lacks.add(
                "pulumi stack ls",
                f"{stack.name} is not in the state",
                f"run `make bootstrap STACK={stack.name} ARGS=--login`",
            )
            return
        held = engine.held(within)
        others = engine.others(before.since, within) if before else []
    except (ChildError, ValueError) as error:
        lacks.add("pulumi", str(error), "correct what it says")
        return
    if held.protected:
        lacks.add(
            "the stack's state",
            f"{len(held.protected)} resources are protected, such as {held.protected[0].rpartition('::')[2]}",
            "this environment is kept, and no smoke run destroys it: name another stack",
        )
    elif held.resources and before is None:
        lacks.add(
            "the stack's state",
            f"has {held.resources} resources that no smoke run made: somebody may be using them",
            f"destroy {stack.name} yourself, or name another stack",
        )
    elif held.resources and others:
        lacks.add(
            "the stack's history",
            f"since the unfinished run there was {others[0]}: somebody may be using what it made",
            f"destroy {stack.name} yourself, or name another stack; then delete the run's record",
        )
