"""Request bodies as JSON."""

import json
from http import HTTPStatus
from typing import Any, NoReturn, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from patchbay_runtime.api.errors import ApiError
from patchbay_runtime.flows.problem import Problem, problems_of

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, at most `limit` bytes of it: 413 beyond."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large", f"the body exceeds {limit} bytes")
    return bytes(body)


def parse_json(body: bytes) -> Any:
    """The value of a JSON text; 422 with the position for anything else."""
    try:
        return json.loads(body, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise _invalid("the body is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _invalid(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise _invalid("the body is nested too deeply") from None
    except ValueError as error:
        raise _invalid(str(error)) from None


async def read_model(request: Request, model: type[Model], limit: int) -> Model:
    """The body, at most `limit` bytes of it, as a model; no body is an empty object. 422 tells what is wrong where."""
    body = await read_body(request, limit)
    try:
        return model.model_validate(parse_json(body) if body else {})
    except ValidationError as error:
        message = "the request is not valid"
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", message, problems_of(error)) from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _invalid(message: str) -> ApiError:
    problem = Problem("$", message)
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_json", "the body is not valid JSON", [problem])
