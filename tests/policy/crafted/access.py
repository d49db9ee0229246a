"""What counts as production: not what the stack's own file alone says."""

from typing import Any, Final

from patchbay_policies import tokens

from tests.policy.crafted.row import Row, stack_environment

_ALONE: Final = {"multiAz": False}
_PRODUCTION_ACCOUNT: Final = "111122223333"
_DEV_ACCOUNT: Final = "444455556666"


def _row(title: str, stack: str, policy: str = "multi-az-in-production", account: str = "", **said: Any) -> Row:
    config: dict[str, Any] = {"environment": {"name": stack, "production": False, **said}}
    if account:
        config["aws"] = {"region": "eu-central-1", "accountId": account}
    return Row(title, tokens.DATABASE, _ALONE, policy, environment=stack_environment(stack, **config))


BYPASSES = (
    _row("production that says it is none", "production", account=_PRODUCTION_ACCOUNT),
    _row("production, in another account", "production", account=_DEV_ACCOUNT),
    _row("production under another stack's name", "europe", account=_PRODUCTION_ACCOUNT),
    _row("a stack that nobody registered", "production-2", account="999900001111"),
    _row("production's account under dev's name", "dev", account=_PRODUCTION_ACCOUNT),
    _row("no account", "dev"),
    _row("dev that is called production", "dev", account=_DEV_ACCOUNT, name="production"),
    _row(
        "production that is called dev, so that its data may be lost",
        "production",
        "databases-refuse-replacement",
        account=_PRODUCTION_ACCOUNT,
        name="dev",
    ),
    Row(
        "production's first resource, the stack",
        "pulumi:pulumi:Stack",
        {},
        "production-is-registered",
        environment=stack_environment("production", environment={"name": "production", "production": False}),
    ),
)

HARMLESS = (
    _row("dev", "dev", account=_DEV_ACCOUNT),
    _row("staging", "staging", account="777788889999"),
    _row("one machine", "local", account="000000000000"),
    _row("dev, whose data may be lost", "dev", "databases-refuse-replacement", account=_DEV_ACCOUNT),
    Row(
        "production that says so",
        "pulumi:pulumi:Stack",
        {},
        "production-is-registered",
        environment=stack_environment("production", environment={"name": "production", "production": True}),
    ),
)
