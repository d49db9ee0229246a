"""Writes down each call when it is answered."""

import io
import json
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.core.request import Request
from moto.sts.models import sts_backends

from patchbay_standins.aws.record.asked import asked
from patchbay_standins.aws.requests import Credential, match
from patchbay_standins.aws.service import Call, Service

# As the AWS SDKs put AWS_EXECUTION_ENV into their user agent.
_ENVIRONMENT: Final = re.compile(r"exec-env/(\S+)")
# A name before that of this machine or of S3, whose path then begins with the key.
_BUCKETS_HOST: Final = re.compile(r"[^:]+\.(localhost|s3[.-][\w.-]+)(:\d+)?")
# Signing names that are no names of botocore's, of services without operations of our own.
_NAMES: Final[Mapping[str, str]] = {"monitoring": "cloudwatch", "servicequotas": "service-quotas"}


class Recorder:
    """`watch` is asked before a call is served, and writes its line when the answer begins."""

    def __init__(self, file: Path, account: str, services: Iterable[Service]) -> None:
        self._file = file
        self._account = account
        self._names = {**_NAMES, **{service.signing_name: service.name for service in services}}
        self._writing = Lock()

    def watch(self, environ: WSGIEnvironment, body: bytes, start_response: StartResponse) -> StartResponse:
        """In place of `start_response`. Unsigned requests are not AWS', and are left out; presigned ones are judged."""
        signed = (environ.get("HTTP_AUTHORIZATION", ""), unquote(environ.get("QUERY_STRING", "")))
        credential = next((found for found in map(Credential.of, signed) if found), None)
        if credential is None:
            return start_response
        line = self._line(environ, body, credential)

        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            self._write({**line, "status": int(status.partition(" ")[0])})
            return start_response(status, headers, *rest)

        return started

    def _line(self, environ: WSGIEnvironment, body: bytes, credential: Credential) -> dict[str, Any]:
        found = _ENVIRONMENT.search(environ.get("HTTP_USER_AGENT", ""))
        line: dict[str, Any] = {
            "time": round(time.time(), 3),
            "key": credential.key,
            "principal": self._principal(credential.key),
            "environment": found[1] if found else "",
            "service": credential.service,
            "operation": "",
            "region": credential.region,
        }
        if credential.service == "s3" and _BUCKETS_HOST.fullmatch(environ.get("HTTP_HOST", "")):
            return {**line, "unread": "the bucket is in the host's name"}
        try:
            environ["wsgi.input"] = io.BytesIO(body)
            matched = match(Request(environ), self._names.get(credential.service, credential.service))
            if matched is None:
                return {**line, "unread": "no operation of the service's model"}
            model = matched.model
            line["operation"] = str(model.name)
            service = str(model.service_model.service_name)
            call = Call(service, str(model.name), self._account, credential.region, matched.parameters())
            return {**line, "asked": [one.members() for one in asked(call)]}
        except Exception as error:  # a call that is not understood has to be served like any other
            # The error's own words could have a value of the request in them.
            return {**line, "unread": type(error).__name__}

    def _principal(self, key: str) -> str:
        role = sts_backends[self._account]["aws"].get_assumed_role_from_access_key(key)
        return "" if role is None else str(role.arn)

    def _write(self, line: Mapping[str, Any]) -> None:
        with self._writing, self._file.open("a") as file:
            file.write(json.dumps(line) + "\n")
