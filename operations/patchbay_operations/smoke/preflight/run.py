"""Everything that is asked before anything is made, in the order in which one thing needs another."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from patchbay_operations.access import Access
from patchbay_operations.capacity.machines import load_machines
from patchbay_operations.inputs import InputError
from patchbay_operations.smoke.child import Within
from patchbay_operations.smoke.cost import Ceiling, ceiling, load_prices
from patchbay_operations.smoke.engine import Engine
from patchbay_operations.smoke.options import Options
from patchbay_operations.smoke.preflight import account, state
from patchbay_operations.smoke.preflight import stack as stack_fields
from patchbay_operations.smoke.preflight.lack import Lack, Lacks
from patchbay_operations.smoke.record import Entry, Record
from patchbay_operations.smoke.stack_file import Stack, load

# Only to ask whether anybody is logged in, where no stack tells a region.
_ANY_REGION: Final = "us-east-1"


@dataclass(frozen=True)
class Ready:
    """`before`: the entry of a run that did not end."""

    stack: Stack
    access: Access
    ceiling: Ceiling
    record: Record
    engine: Engine
    before: Entry | None


def prepare(
    options: Options,
    *,
    access: Callable[[str], Access],
    engine: Callable[[Stack], Engine],
    within: Within,
    real: bool = True,
) -> Ready | list[Lack]:
    """What the run works with, or all that is lacking. `real`: False where a test leads it to an emulator."""
    lacks, environment = Lacks(), dict(os.environ)
    for fault in options.limits.faults():
        lacks.add_line(fault)
    if real:
        account.elsewhere(environment, lacks)
    stack = _stack(options, lacks)
    bill, made = None, None
    if stack is not None:
        # What is only destroyed needs neither images nor a budget.
        stack_fields.look(stack, lacks, aws_only=options.aws_only, destroy_only=options.destroy_only)
        bill, made = _bill(options, stack, lacks), engine(stack)
    _programs(options, made, lacks)
    reached = access(stack.infra.aws.region if stack else _ANY_REGION)
    before = len(lacks.found)
    account.look(reached, stack, lacks)
    if stack is None or bill is None or made is None or len(lacks.found) > before:
        return lacks.found
    record = Record(reached, stack.infra.delivery.state_bucket, stack.name)
    entry = None
    if state.places(reached, stack, lacks):
        entry = state.unfinished(record, options, environment, lacks)
        if entry is None:
            account.identity_provider(reached, stack, lacks)
        if made.is_there and stack.keeps_secrets:
            state.holdings(made, stack, within, before=entry, lacks=lacks)
    return lacks.found or Ready(stack, reached, bill, record, made, entry)


def _stack(options: Options, lacks: Lacks) -> Stack | None:
    try:
        return load(options.stack_file)
    except InputError as error:
        for line in str(error).splitlines():
            lacks.add_line(line)
        return None


def _bill(options: Options, stack: Stack, lacks: Lacks) -> Ceiling | None:
    try:
        machines = load_machines(None, options.machine_prices)
        bill = ceiling(stack.infra, machines, load_prices(options.prices), hours=options.limits.whole / 3600)
    except InputError as error:
        for line in str(error).splitlines():
            lacks.add_line(f"prices: {line}")
        return None
    most = f"the run may cost up to {bill.usd:.2f} USD ({bill.usd_per_hour:.2f} an hour for {bill.hours:g} hours)"
    if options.destroy_only:
        return bill
    if options.budget_usd is None:
        lacks.add("--budget", f"not given, and {most}", "give the most that it may cost, in US dollars")
    elif not bill.usd <= options.budget_usd:  # so that "nan" is refused, too
        lacks.add(
            "--budget",
            f"{options.budget_usd:g} USD are too few: {most}",
            "give more, shorten --deadline, or make the stack smaller (the report's table tells what costs most)",
        )
    elif bill.usd > stack.infra.watching.monthly_budget_usd:
        lacks.add(
            "patchbay:infra.watching.monthlyBudgetUsd",
            "one run may cost more than the environment's budget of a month",
            "raise it, or shorten --deadline",
        )
    return bill


def _programs(options: Options, engine: Engine | None, lacks: Lacks) -> None:
    if not (engine.is_there if engine else shutil.which("pulumi")):
        lacks.add("pulumi", "not on the PATH", "install it, with its plugins")
    if not options.aws_only and shutil.which("aws") is None:
        remedy = "install AWS' command line: it gives Pulumi and the proof their tokens for the clusters"
        lacks.add("aws", "not on the PATH", remedy)
