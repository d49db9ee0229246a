"""What is wrong with an API is told by route, however it is wrong; what is right is not."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

import pytest
import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from typing_extensions import TypedDict

from tests.ports import free_port
from tests.runtime.conftest import wait_until
from tests.runtime.oracle import ask_everything
from tests.runtime.servers import HOST

LONGEST_SECONDS: Final = 0.5
NEEDS_KEY: Final = Depends(HTTPBearer(auto_error=False))
A_NUMBER: Final = {"requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "integer"}}}}}


class Count(TypedDict):
    count: int


app = FastAPI()


@app.get("/right/{number}")
async def right(number: int) -> Count:
    return {"count": number}


@app.get("/raises/{number}")
async def raises(number: int) -> Count:
    return {"count": 1 // number}


@app.get("/of-another-type", response_model=Count)
async def of_another_type() -> JSONResponse:
    return JSONResponse({"count": "many"})


@app.get("/undocumented", response_model=Count)
async def undocumented() -> JSONResponse:
    return JSONResponse({"count": 1}, status_code=418)


@app.get("/slow")
async def slow() -> Count:
    await asyncio.sleep(2 * LONGEST_SECONDS)
    return {"count": 1}


@app.post("/takes-anything", openapi_extra=A_NUMBER)
async def takes_anything(request: Request) -> Count:
    return {"count": len(await request.body())}


@app.post("/takes-nothing", response_model=Count, responses={422: {}}, openapi_extra=A_NUMBER)
async def takes_nothing() -> JSONResponse:
    return JSONResponse({}, status_code=422)


@app.get("/looks-at-no-key", dependencies=[NEEDS_KEY])
async def looks_at_no_key() -> Count:
    return {"count": 1}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The API, served by a thread."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    yield f"http://{HOST}:{port}"
    server.should_exit = True
    thread.join(30)


def test_each_fault_is_told_with_its_route_and_a_route_without_one_has_none(url: str) -> None:
    document: dict[str, Any] = app.openapi()
    verdict = ask_everything(
        document, url, {"Authorization": "Bearer key"}, examples=5, longest_seconds=LONGEST_SECONDS
    )
    found: dict[str, set[str]] = defaultdict(set)
    for fault in verdict["faults"]:
        # On a busy machine any answer may be slow.
        if fault["check"] != "max_response_time" or fault["route"] == "GET /slow":
            found[fault["route"]].add(fault["check"])
    assert found.pop("GET /raises/{number}") >= {"not_a_server_error"}
    assert found.pop("GET /of-another-type") == {"response_schema_conformance"}
    assert found.pop("GET /undocumented") >= {"status_code_conformance"}
    assert found.pop("GET /slow") == {"max_response_time"}
    assert found.pop("POST /takes-anything") == {"negative_data_rejection"}
    assert found.pop("POST /takes-nothing") >= {"positive_data_acceptance"}
    assert found.pop("GET /looks-at-no-key") >= {"ignored_auth"}
    assert not found
    asked = {answer["route"] for answer in verdict["answers"]}
    assert asked >= {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}


def test_an_api_that_does_not_answer_is_a_fault() -> None:
    verdict = ask_everything(app.openapi(), f"http://{HOST}:{free_port()}", {}, examples=1, covering=False)
    assert verdict["faults"]
    assert {answer["status"] for answer in verdict["answers"]} == {0}
