"""Backups that outlive what they are of: in a locked vault, and elsewhere as well."""

from collections.abc import Iterator
from typing import Any, Final

from patchbay_policies.model import UNKNOWN, Environment, Finding, Resource, Setting, Stack, StackRule
from patchbay_policies.patterns import matches
from patchbay_policies.reading import at, given, items, undecided
from patchbay_policies.tokens import BACKUP_PLAN, BACKUP_SELECTION, DATABASE, VAULT, VAULT_LOCK

_TAG: Final = "aws:ResourceTag/"


def _locked(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    least = environment.settings["productionDays"]
    for vault in stack.of(VAULT):
        locks = [one for one in stack.of(VAULT_LOCK) if stack.refers(one, "backupVaultName", vault)]
        days = [at(lock.props, "minRetentionDays") for lock in locks]
        if not any(one is UNKNOWN or (isinstance(one, int | float) and one >= least) for one in days):
            yield Finding(vault, f"no lock of it keeps backups for {least:g} days, whoever deletes them")


def _selected(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    selections = [one for one in stack.of(BACKUP_SELECTION) if _planned(stack, one)]
    for database in stack.of(DATABASE):
        # A read copy has nothing of its own.
        if given(at(database.props, "replicateSourceDb")):
            continue
        if not any(_takes(selection, database) for selection in selections):
            yield Finding(database, "no selection of a backup plan takes it in")


def _planned(stack: Stack, selection: Resource) -> bool:
    """Whether the selection's plan is one of the stack's, and writes into a vault of it."""
    plans = stack.referenced(selection, "planId", BACKUP_PLAN)
    return any(stack.referenced(plan, "rules", VAULT) for plan in plans)


def _takes(selection: Resource, database: Resource) -> bool:
    props, tags = selection.props, at(database.props, "tags")
    if undecided({name: props.get(name) for name in ("resources", "notResources", "conditions", "selectionTags")}):
        return True
    if any(_named(pattern, database) for pattern in items(at(props, "notResources"))):
        return False
    by_name = any(_named(pattern, database) for pattern in items(at(props, "resources")))
    by_tag = any(
        tags is UNKNOWN or at(tags, at(one, "key")) in {at(one, "value"), UNKNOWN}
        for one in items(at(props, "selectionTags"))
    )
    return (by_name or by_tag) and all(_meets(one, tags) for one in items(at(props, "conditions")))


def _named(pattern: Any, database: Resource) -> bool:
    """A pattern of ARNs; of the database's own only the end is known before it is made."""
    if pattern == "*":
        return True
    kind, marker, name = str(pattern).rpartition(":db:")
    identifier = at(database.props, "identifier")
    return bool(marker) and ":rds:" in kind and (identifier is UNKNOWN or matches(name, str(identifier)))


def _meets(condition: Any, tags: Any) -> bool:
    """All lines of a condition hold, of which each is of one tag."""
    if tags is UNKNOWN:
        return True
    for operator, wanted in (
        ("stringEquals", True),
        ("stringLikes", True),
        ("stringNotEquals", False),
        ("stringNotLikes", False),
    ):
        for line in items(at(condition, operator)):
            value = at(tags, str(at(line, "key")).removeprefix(_TAG))
            if value is UNKNOWN:
                continue
            pattern = str(at(line, "value"))
            same = value is not None and (matches(pattern, value) if "Like" in operator else value == pattern)
            if same is not wanted:
                return False
    return True


def _elsewhere(stack: Stack, environment: Environment) -> Iterator[Finding]:
    if not environment.production:
        return
    for plan in stack.of(BACKUP_PLAN):
        rules = at(plan.props, "rules")
        if undecided(rules):
            continue
        for rule in items(rules):
            if not any(_leaves(copy, environment) for copy in items(at(rule, "copyActions"))):
                yield Finding(plan, f"its rule {at(rule, 'ruleName')} copies nothing to another region or account")


def _leaves(copy: Any, environment: Environment) -> bool:
    """Whether it goes to another region or account."""
    vault = at(copy, "destinationVaultArn")
    if vault is UNKNOWN:
        return True
    return str(vault).split(":")[3:5] != [environment.own_region, environment.own_account]


RULES: Final = (
    StackRule(
        name="vaults-locked-in-production",
        description="In production nobody deletes a backup before its time.",
        remedy="Add a VaultLockConfiguration with minRetentionDays of at least this rule's setting productionDays.",
        types=frozenset({VAULT, VAULT_LOCK}),
        settings={"productionDays": Setting(7, {"type": "integer", "minimum": 1})},
        check=_locked,
    ),
    StackRule(
        name="databases-in-a-vault-in-production",
        description="In production every database is selected by a backup plan that writes into a vault of the stack.",
        remedy="Add a Selection of the plan that takes it in by its ARN and its tags, and a vault to its rules.",
        types=frozenset({DATABASE, BACKUP_SELECTION, BACKUP_PLAN, VAULT}),
        limits="Backups of read copies are not asked for. A tag that AWS itself sets is not known before the update.",
        check=_selected,
    ),
    StackRule(
        name="backups-elsewhere-in-production",
        description="In production every backup is copied to another region or account.",
        remedy="Add copyActions to each rule of the plan.",
        types=frozenset({BACKUP_PLAN}),
        limits="Whether the other vault is there, and locked, is its owner's to tell.",
        check=_elsewhere,
    ),
)
