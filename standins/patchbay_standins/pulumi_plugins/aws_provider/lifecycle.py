"""Create, read, update and delete one resource."""

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from patchbay_standins.pulumi_plugins.aws_provider import (
    check,
    difference,
    reading,
    requests,
    sdk,
    tagging,
    templates,
)
from patchbay_standins.pulumi_plugins.aws_provider.clients import Clients
from patchbay_standins.pulumi_plugins.aws_provider.resource import AwsError, Resource, Values
from patchbay_standins.pulumi_plugins.aws_provider.row import Call, Row, Update
from patchbay_standins.pulumi_plugins.plugin.errors import InitializationError, ProviderError
from patchbay_standins.pulumi_plugins.plugin.properties import UNKNOWN

DEADLINE_SECONDS: Final = 120.0
_FIRST_POLL_SECONDS: Final = 0.05
_LAST_POLL_SECONDS: Final = 1.0
_EXISTS: Final = re.compile(r"AlreadyExist|AlreadyOwned|Duplicate|\.Conflict$|ResourceExists|ResourceInUse")
_BUSY: Final = re.compile(r"DependencyViolation|DeleteConflict|InUse|ResourceConflict|InvalidStateFault|NotEmpty")


class NotReadyError(Exception):
    """A resource did not reach the state that was waited for."""


class Lifecycle:
    """The resources of one account."""

    def __init__(
        self, clients: Clients, region: str, default_tags: Mapping[str, str], cancelled: threading.Event
    ) -> None:
        self._clients = clients
        self._region = region
        self._default_tags = default_tags
        self._cancelled = cancelled

    def resource(
        self,
        row: Row,
        *,
        identifier: str = "",
        inputs: Values,
        before: Values | None = None,
        outputs: Values | None = None,
    ) -> Resource:
        """The subject of an operation; functions see all its tags."""
        return Resource(
            service=row.service,
            region=inputs.get("region") or (outputs or {}).get("region") or self._region,
            aws=self._clients,
            id=identifier,
            inputs=self._with_all_tags(row, inputs),
            before=self._with_all_tags(row, before or {}),
            outputs=outputs or {},
            parsed=reading.parsed(row, identifier) if identifier else {},
        )

    def create(self, row: Row, resource: Resource, timeout: float) -> tuple[str, dict[str, Any]]:
        """Creates a resource and waits until it is ready: its id and outputs."""
        answer = self._create(row, resource)

        def lookup(name: str) -> Any:
            return answer[name] if answer.get(name) is not None else resource.value(name)

        identifier = str(templates.render(row.id, lookup))
        made = resource.of(id=identifier, parsed=reading.parsed(row, identifier))
        try:
            self._complete(row, made)
            return identifier, self._finish(row, made, timeout)
        except (AwsError, ProviderError, NotReadyError) as error:
            raise InitializationError(str(error), identifier=identifier, outputs=made.inputs) from None

    def _create(self, row: Row, resource: Resource) -> Mapping[str, Any]:
        if not isinstance(row.create, Call):
            return row.create(resource) or {}
        call = row.create
        parameters = requests.full(row, call, resource)
        parameters |= tagging.on_creation(row, call, resource.inputs.get("tags") or {})
        answer = requests.send(call, resource, parameters)
        found = templates.search(call.at, answer, resource.value)
        return found if isinstance(found, Mapping) else {}

    def _complete(self, row: Row, made: Resource) -> None:
        """Applies what the creating step did not."""
        left = [name for name in made.inputs if name not in check.applied_by_creation(row)]
        for update in row.updates:
            self._update(row, update, made, [name for name in update.covers if name in left])
        if "tags" in left:
            tagging.change(row, made, {}, made.inputs["tags"])

    def update(self, row: Row, resource: Resource, timeout: float) -> dict[str, Any]:
        """Changes a resource and waits until it is ready again: its outputs.

        Without changed inputs it is one that was left half made, which is completed.
        """
        if resource.before == resource.inputs:
            self._complete(row, resource)
        changed = difference.changed_inputs(row, resource.before, resource.inputs, resource.outputs)
        effective = difference.effective_inputs(row, resource.before, resource.inputs, resource.outputs)
        target = resource.of(inputs=effective)
        for update in row.updates:
            self._update(row, update, target, [name for name in update.covers if name in changed])
        tagging.change(row, target, resource.before.get("tags") or {}, effective.get("tags") or {})
        try:
            return self._finish(row, resource, timeout)
        except NotReadyError as error:
            raise InitializationError(str(error), identifier=resource.id, outputs=resource.outputs) from None

    def _update(self, row: Row, update: Update, resource: Resource, changed: list[str]) -> None:
        if not changed:
            return
        step = update.step
        if not isinstance(step, Call):
            step(resource)
            return
        for only in [[name] for name in changed] if update.each else [None]:
            requests.send(step, resource, requests.full(row, step, resource, only))

    def read(self, row: Row, resource: Resource) -> tuple[str, dict[str, Any]] | None:
        """Id and outputs of a resource as it is; None where it is gone."""
        found = reading.live(row, resource)
        if found is None:
            return None

        def lookup(name: str) -> Any:
            return found[name] if found.get(name) is not None else resource.value(name)

        try:
            identifier = str(templates.render(row.id, lookup))
        except templates.MissingValueError:
            identifier = resource.id
        return identifier, reading.outputs(row, resource.of(id=identifier), found, self._default_tags)

    def delete(self, row: Row, resource: Resource, timeout: float) -> None:
        """Deletes a resource and waits until it is gone. What others still use is tried again until the deadline."""
        if row.delete is None:
            return
        until = time.monotonic() + (timeout or DEADLINE_SECONDS)
        pause = _FIRST_POLL_SECONDS
        while True:
            try:
                self._delete(row, resource)
                break
            except AwsError as error:
                if reading.is_missing(row, error):
                    return
                busy = _BUSY.search(error.code) or error.code in row.busy
                if not busy or time.monotonic() > until:
                    raise
            pause = self._pause(pause)
        if row.ready is not None:
            self._poll(lambda: reading.live(row, resource) is None, until, "is still being deleted")

    def _delete(self, row: Row, resource: Resource) -> None:
        step = row.delete
        if isinstance(step, Call):
            requests.send(step, resource, requests.minimal(row, step, resource))
        elif step is not None:
            step(resource)

    def _finish(self, row: Row, resource: Resource, timeout: float) -> dict[str, Any]:
        found: dict[str, Any] = {}

        def is_ready() -> bool:
            found.clear()
            found.update(reading.live(row, resource) or {})
            return self._is_ready(row, resource, found)

        self._poll(is_ready, time.monotonic() + (timeout or DEADLINE_SECONDS), "is not ready")
        return reading.outputs(row, resource, found, self._default_tags)

    @staticmethod
    def _is_ready(row: Row, resource: Resource, found: Mapping[str, Any]) -> bool:
        if not found:
            message = f"{resource.id} cannot be found after it was created or changed"
            raise NotReadyError(message)
        if row.ready is None:
            return True
        state = templates.search(row.ready.at, found, resource.value)
        if state in row.ready.failed:
            reason = templates.search(row.ready.reason, found, resource.value) if row.ready.reason else None
            message = f"{resource.id} is {state}" + (f": {reason}" if reason else "")
            raise NotReadyError(message)
        return state in row.ready.done

    def _poll(self, is_done: Callable[[], bool], until: float, complaint: str) -> None:
        pause = _FIRST_POLL_SECONDS
        while not is_done():
            if time.monotonic() > until:
                message = f"the resource {complaint} when its time is up (customTimeouts lengthen it)"
                raise NotReadyError(message)
            pause = self._pause(pause)

    def _pause(self, seconds: float) -> float:
        if self._cancelled.wait(seconds):
            message = "cancelled"
            raise NotReadyError(message)
        return min(seconds * 1.5, _LAST_POLL_SECONDS)

    def _with_all_tags(self, row: Row, inputs: Values) -> Values:
        if row.tags is None or not (inputs.get("tags") or self._default_tags):
            return inputs
        return {**inputs, "tags": {**self._default_tags, **(inputs.get("tags") or {})}}

    def planned(self, row: Row, inputs: Values, outputs: Values | None = None) -> dict[str, Any]:
        """The outputs of a resource that would be created or, where it has outputs, changed."""
        schema = sdk.resource_type(row.token)
        if outputs is None:
            made: dict[str, Any] = {name: UNKNOWN for name in schema.outputs if schema.decided_by_aws(name)}
        else:
            made = {**outputs, **dict.fromkeys(row.volatile, UNKNOWN)}
        made |= {name: reading.in_output_form(row, name, value) for name, value in inputs.items()}
        if "region" in schema.outputs:
            made["region"] = inputs.get("region") or self._region
        if row.tags is not None:
            made["tagsAll"] = {**self._default_tags, **(inputs.get("tags") or {})}
        return made


def explain(error: AwsError, row: Row, urn: str) -> NoReturn:
    """Tells what to do where a resource exists already."""
    text = str(error)
    if _EXISTS.search(error.code) or "already exists" in error.message:
        stack, _, _, name = urn.removeprefix("urn:pulumi:").split("::")
        text += (
            f"\n{name} exists already, and is not in the stack: `make recover STACK={stack}` adopts what an "
            f"interrupted update left; `pulumi import {row.token} {name} ID` takes over anything else"
        )
    raise ProviderError(text) from None
