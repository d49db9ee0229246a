"""How answers and bodies are declared: the OpenAPI document tells all that a route takes and may say."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, overload

from pydantic import BaseModel, Field

# pydantic takes the one of `typing` from Python 3.12 on.
from typing_extensions import TypedDict

Responses = dict[int | str, dict[str, Any]]

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A time in UTC as ISO 8601."""


class Detail(TypedDict):
    """What is wrong at one place; `path` is a JSON path."""

    path: str
    message: str


class Fault(TypedDict):
    """`code` is for programs, `message` for people."""

    code: str
    message: str
    details: list[Detail]


class Refusal(TypedDict):
    """The form of every error."""

    error: Fault


_RETRY_AFTER: Final = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
_HEADERS: Final[dict[HTTPStatus, Any]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    HTTPStatus.TOO_MANY_REQUESTS: _RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: _RETRY_AFTER,
}


def refusals(*statuses: int) -> Responses:
    """The errors that a route may answer with, beside the 503 of everything that needs the storage.

    422 is among those of every route with a parameter: FastAPI would declare it in a form of its own.
    """
    every = [HTTPStatus(status) for status in (*statuses, HTTPStatus.SERVICE_UNAVAILABLE)]
    return {
        int(status): {"model": Refusal, "description": status.phrase, "headers": _HEADERS.get(status, {})}
        for status in every
    }


def guarded(*statuses: int) -> Responses:
    """`refusals` of a route that declares an operation."""
    return refusals(401, 403, *statuses)


def takes_body(model: type[BaseModel] | None, *, required: bool, **narrower: dict[str, Any]) -> dict[str, Any]:
    """Declares the body of a route that reads it itself: a model's, or any JSON.

    `narrower`: what the route asks of fields beyond their model.
    """
    schema = {} if model is None else _without_references(model.model_json_schema())
    for name, more in narrower.items():
        schema["properties"][name] |= more
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _without_references(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions where they are used: elsewhere the document would not find them."""
    definitions = schema.pop("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(one) for one in part]
        if not isinstance(part, dict):
            return part
        if (reference := part.get("$ref")) is not None:
            return resolved(definitions[reference.removeprefix("#/$defs/")])
        return {name: resolved(one) for name, one in part.items()}

    whole: dict[str, Any] = resolved(schema)
    return whole


@overload
def timestamp(moment: datetime) -> str: ...


@overload
def timestamp(moment: datetime | None) -> str | None: ...


def timestamp(moment: datetime | None) -> str | None:
    """A time of the database, which is in UTC, as ISO 8601."""
    return None if moment is None else moment.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
