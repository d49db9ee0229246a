"""The WSGI application in front of moto: serves the added operations, passes every other call on, one at a time."""

import io
import json
import re
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from xml.sax.saxutils import escape

from botocore.validate import ParamValidator
from moto.core.exceptions import ServiceException
from moto.core.request import Request
from moto.core.serialize import get_serializer_class
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from patchbay_standins.aws import IDENTITY_PATH, SAVING_PATH
from patchbay_standins.aws.requests import Credential, Matched, match
from patchbay_standins.aws.service import BY_MOTO, AwsError, Call, Handler, Service

# Request, body and `start_response` to the `start_response` that the answer is given.
Watch = Callable[[WSGIEnvironment, bytes, StartResponse], StartResponse]


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class _Target:
    """The added operation that a request is for."""

    matched: Matched
    handler: Handler
    region: str


class Dispatcher:
    """moto keeps its state in plain objects without locks, so calls are served one at a time, under `lock`."""

    def __init__(self, moto: WSGIApplication, services: Iterable[Service], account: str, identity: str) -> None:
        """`identity` is the answer at IDENTITY_PATH."""
        self._moto = moto
        self._services = {service.signing_name: service for service in services}
        self._clocks = [clock for service in self._services.values() for clock in service.clocks]
        self._controls = {path: it for service in self._services.values() for path, it in service.controls.items()}
        self._account = account
        self._identity = identity.encode()
        self._served: Callable[[str], None] = lambda _: None
        self._saving_failure: Callable[[], str] = str
        self._watch: Watch = lambda _environ, _body, start_response: start_response
        self.lock: Final = RLock()

    def listen(self, served: Callable[[str], None], saving_failure: Callable[[], str]) -> None:
        """Tells `served` of each answered operation: `CreateVpc`, or the HTTP method where the path says the rest.

        `saving_failure` gives the answer at SAVING_PATH.
        """
        self._served = served
        self._saving_failure = saving_failure

    def record(self, watch: Watch) -> None:
        """Shows `watch` each call of AWS before it is served."""
        self._watch = watch

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == IDENTITY_PATH:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [self._identity]
        if path == SAVING_PATH:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [self._saving_failure().encode()]
        if path.startswith("/moto-api"):
            # moto's own controls know nothing of what is added here: its reset would empty one half of the account.
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"moto's controls are not served"]
        body: bytes = environ["wsgi.input"].read()
        operation = _action(environ, body)
        with self.lock:
            try:
                changes = [clock(self._account) for clock in self._clocks]
                if any(changes):
                    self._served("Clock")  # what a read finds changed by time alone is saved too
                start_response = self._watch(environ, body, start_response)
                answer = (
                    self._control(environ, body)
                    or self._added(environ, body)
                    or self._moto_answer(environ, body, start_response)
                )
            except Exception as error:  # whatever fails in here must not look like a refusal of AWS
                answer = _fault(operation, error)
            finally:
                self._served(operation)
        if not isinstance(answer, _Answer):
            return answer
        reason = HTTP_STATUS_CODES.get(answer.status, "Unknown")
        start_response(f"{answer.status} {reason}", list(answer.headers.items()))
        return [answer.content]

    def _control(self, environ: WSGIEnvironment, body: bytes) -> _Answer | None:
        control = self._controls.get(environ.get("PATH_INFO", ""))
        if control is None or "HTTP_AUTHORIZATION" in environ:
            return None
        method = environ["REQUEST_METHOD"]
        status, content = 200, ""
        if method not in {"GET", "PUT"}:
            status, content = 405, json.dumps({"error": f"{method} is not served here: GET or PUT"})
        else:
            try:
                content = control(self._account, body if method == "PUT" else None)
            except ValueError as error:
                status, content = 400, json.dumps({"error": str(error)})
        return _Answer(status, {"Content-Type": "application/json"}, content.encode())

    def _moto_answer(
        self, environ: WSGIEnvironment, body: bytes, start_response: StartResponse
    ) -> _Answer | list[bytes]:
        environ["wsgi.input"] = io.BytesIO(body)
        answer: list[Any] = []
        content = list(self._moto(environ, lambda *arguments: answer.extend(arguments)))  # type: ignore[arg-type] # nothing calls write()
        # Flask's own page; what moto answers itself is never HTML.
        if answer[0].startswith("404") and content[:1] and content[0].startswith(b"<!doctype html>"):
            raise NotImplementedError("moto has no such path")
        start_response(*answer)
        return content

    def _added(self, environ: WSGIEnvironment, body: bytes) -> _Answer | None:
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request(environ)
        target = self._target(request)
        if target is None:
            return None
        model = target.matched.model
        service = model.service_model
        parameters = target.matched.parameters()
        call = Call(str(service.service_name), str(model.name), self._account, target.region, parameters)
        serializer = get_serializer_class(service.service_name, target.matched.protocol)(operation_model=model)
        try:
            result = target.handler(call)
            if result is BY_MOTO:
                return None
            answer = serializer.serialize(_checked(result or {}, model.output_shape))
        except AwsError as error:
            answer = serializer.serialize(error)
            if answer["status_code"] == serializer.DEFAULT_ERROR_RESPONSE_CODE:
                answer["status_code"] = error.status
        except ServiceException as error:
            answer = serializer.serialize(error)
        except HTTPException as error:
            headers = {str(name): str(value) for name, value in error.get_headers()}
            return _Answer(error.code or 500, headers, (error.description or "").encode())
        content = answer["body"]
        return _Answer(
            answer["status_code"],
            {str(name): str(value) for name, value in answer["headers"].items()},
            content if isinstance(content, bytes) else content.encode(),
        )

    def _target(self, request: Request) -> _Target | None:
        credential = Credential.of(request.headers.get("Authorization", ""))
        service = self._services.get(credential.service) if credential else None
        if credential is None or service is None or (matched := match(request, service.name)) is None:
            return None
        handler = service.handler(str(matched.model.name))
        return _Target(matched, handler, credential.region) if handler else None


def _checked(result: Mapping[str, Any], shape: Any) -> Mapping[str, Any]:
    """The answer, if the service's model allows it: a misspelt member would be dropped silently."""
    if shape is not None:
        report = ParamValidator().validate(result, shape)
        if report.has_errors():
            raise ValueError(report.generate_report())
    return result


def _fault(operation: str, error: Exception) -> _Answer:
    """Not an answer of AWS: the log has the cause. Clients do not try again after a 501, as they do after a 500."""
    traceback.print_exception(error)
    code = "NotEmulated" if isinstance(error, NotImplementedError) else "EmulatorFault"
    message = f"{operation}: {type(error).__name__}: {error}; the emulator's log tells more"
    # XML for all: clients of the JSON protocols take the code from the header and the body as it is.
    content = f"<ErrorResponse><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error></ErrorResponse>"
    return _Answer(501, {"Content-Type": "text/xml", "x-amzn-ErrorType": code}, content.encode())


def _action(environ: WSGIEnvironment, body: bytes) -> str:
    """The operation's name where the request says it, else the HTTP method."""
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rsplit(".", 1)[-1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        found = re.search(rb"(?:^|&)Action=(\w+)", body)
        if found:
            return found[1].decode()
    return str(environ.get("REQUEST_METHOD", ""))
