"""The execution of one step, with everything that may go wrong in it turned into a fault."""

import logging
import traceback
from functools import partial

from patchbay_runtime.evaluation.evaluators import Evaluators
from patchbay_runtime.execution.record import Verdict
from patchbay_runtime.flows.flow import Step
from patchbay_runtime.reach.destinations import Destinations
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.json_text import NO_VARIABLES, NULL, JsonText
from patchbay_runtime.steps.outcome import Context
from patchbay_runtime.storage.process_repository import StoredProcess

log = logging.getLogger(__name__)


async def execute_step(
    tenant: str, process: StoredProcess, step: Step, evaluators: Evaluators, destinations: Destinations
) -> Verdict:
    """What the step's shape makes of the process."""
    variables = JsonText(process.variables) if process.variables else NO_VARIABLES
    context = Context(
        tenant=tenant,
        flow=process.flow,
        run=process.run,
        process=process.id,
        step=process.step,
        next=step.next,
        evaluate=partial(evaluators.evaluate, tenant, variables),
        addresses=partial(destinations.addresses, tenant),
        variables=variables,
        postponed=process.status == "delayed",
    )
    payload = JsonText(process.payload) if process.payload else NULL
    try:
        return await step.implementation.execute(payload, step.config, context)
    except StepFault as fault:
        return fault
    except Exception as error:
        # Not the error's text: it may quote the payload.
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        extra = {"tenant": tenant, "run": process.run, "process_id": process.id, "shape": step.shape, "frames": frames}
        log.error("a shape failed unexpectedly: %s", type(error).__name__, extra=extra)
        # A shape that calls other systems may have called: only it can tell which calls may be repeated.
        retryable = step.implementation.called is None
        return StepFault("unexpected", f"the shape failed ({type(error).__name__})", retryable=retryable)
