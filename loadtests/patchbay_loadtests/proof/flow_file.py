"""A flow of one's own that a proof drives."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from patchbay_loadtests.core.cluster import Document
from patchbay_loadtests.core.flows import BY_KEY, PUBLIC, webhook_access

SINK: Final = "${SINK_URL}"


class _Flow(BaseModel):
    name: str
    start: str
    steps: dict[str, dict[str, Any]]


def read_flow(path: Path, shape: str) -> Callable[[str], Document]:
    """The flow of a JSON file, once the sink's address is known. ValueError for one that cannot hold the shape.

    An order is the webhook's body: `id`, and `lines` with `number` and `kind`. Each line of the kind `parcel` must
    become one process at `shape`, which posts {"key": "<id>/<number>"} to `${SINK_URL}`, without a retry.
    """
    try:
        text = path.read_text()
        flow = _Flow.model_validate_json(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"flow: {path} cannot be read: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"]))
        raise ValueError(f"flow: {path}: {field or 'the file'}: {problem['msg']}") from None
    held = [step for step in flow.steps.values() if step.get("shape") == shape]
    if len(held) != 1:
        raise ValueError(f"flow: {path} must have one step of the shape {shape}, not {len(held)}: it is the one held")
    if SINK not in json.dumps(held[0]):
        raise ValueError(f"flow: the step of the shape {shape} in {path} must call {SINK}, which holds its processes")
    if flow.start not in flow.steps:
        raise ValueError(f"flow: {path}: start: there is no step {flow.start}")
    if (access := webhook_access(flow.model_dump())) not in {BY_KEY, PUBLIC}:
        raise ValueError(
            f"flow: {path}: the trigger's access is {access}, which orders cannot show; use {BY_KEY} or {PUBLIC}"
        )
    return lambda url: dict(json.loads(text.replace(SINK, url)))
