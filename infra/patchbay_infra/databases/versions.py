"""The order in which RDS takes the copies to another version, and what is refused before RDS is asked.

RDS upgrades a MariaDB instance only after all its read copies, in minor versions as well, and takes none back to an
older one (RDS' user guide, "Upgrades of the MariaDB DB engine"). In one update the engine would change the write copy
first, because the read copy follows it. So a move is two updates: docs/decisions/0030-major-versions-of-databases.md.
"""

from typing import Final

import pulumi
import pulumi_aws as aws

from patchbay_infra.databases.config import is_older

_IN_PREVIEWS_TOO: Final = pulumi.ResourceHookOptions(on_dry_run=True)


def guard_write_copy(name: str, *, reader: str, opts: pulumi.InvokeOptions) -> pulumi.ResourceHookBinding:
    """Refuses a version that the read copy has not got yet. `reader`: its identifier; `name`: unique in the stack."""

    async def check(args: pulumi.ResourceHookArgs) -> None:
        present, wanted = _present(args), str((args.new_inputs or {})["engineVersion"])
        _refuse_older("engineVersion", present, wanted)
        if not is_older(present, wanted):
            return
        answer = await aws.rds.get_instance_output(db_instance_identifier=reader, opts=opts).future()
        follows = answer.engine_version if answer else present
        if is_older(follows, wanted):
            raise ValueError(
                f"databases.engineVersion: the write copy has {present} and the read copy {follows}, and RDS upgrades "
                f'the read copy first. Leave it, set databases.read.engineVersion to "{wanted}", and run the update; '
                f'then set it to "{wanted}" and run the next one'
            )

    return pulumi.ResourceHookBinding(before_update=[pulumi.ResourceHook(name, check, _IN_PREVIEWS_TOO)])


def guard_read_copy(name: str, *, own: str | None, writer: str) -> pulumi.ResourceHookBinding:
    """Refuses to let a read copy start ahead of its source, or stay behind its config. `name`: unique in the stack.

    `own`: the version that the config gives to it alone; `writer`: the write copy's.
    """

    def check_new(_: pulumi.ResourceHookArgs) -> None:
        if own is not None and is_older(writer, own):
            raise ValueError(
                f"databases.read.engineVersion: a read copy is made with its source's version, {writer}; remove it "
                "until the read copy is there"
            )

    def check(args: pulumi.ResourceHookArgs) -> None:
        present = _present(args)
        if own is not None:
            _refuse_older("read.engineVersion", present, own)
        elif is_older(writer, present):
            raise ValueError(
                f"databases.read.engineVersion: the read copy has {present} already, and the write copy is to have "
                f"{writer}; keep it until engineVersion is the same"
            )

    return pulumi.ResourceHookBinding(
        before_create=[pulumi.ResourceHook(f"{name}-new", check_new, _IN_PREVIEWS_TOO)],
        before_update=[pulumi.ResourceHook(name, check, _IN_PREVIEWS_TOO)],
    )


def _present(args: pulumi.ResourceHookArgs) -> str:
    return str((args.old_outputs or {})["engineVersionActual"])


def _refuse_older(field: str, present: str, wanted: str) -> None:
    if is_older(wanted, present):
        raise ValueError(
            f"databases.{field}: it has {present}, and RDS takes no database back to {wanted}; set it to "
            f'"{".".join(present.split(".")[:2])}" again, or restore a snapshot into another environment'
        )
