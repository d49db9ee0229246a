"""RDS' call that sets a master password, as its documentation and botocore's model of it describe it."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qsl

import botocore.session
from patchbay_operations.permissions.evaluation import Call as Question
from patchbay_operations.permissions.recorded import Recorded
from patchbay_standins.aws.record.asked import asked
from patchbay_standins.aws.service import Call

from tests.called import DATABASE_ACCESS, faults, role
from tests.runtime.identity_agent import ACCESS_KEY
from tests.standins.aws.launched import ACCOUNT

_MODEL: Final = botocore.session.get_session().get_service_model("rds")
_INPUT: Final = _MODEL.operation_model("ModifyDBInstance").input_shape
assert _INPUT is not None
_PARAMETERS: Final = frozenset(_INPUT.members)
_REFUSED: Final = (
    '<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type>'
    "<Code>{code}</Code><Message>for tests</Message></Error><RequestId>1</RequestId></ErrorResponse>"
)


class RdsApi:
    """Answers a call whose form and signature are right, and hands the password on to `take_over`.

    `refusals`: error codes that the next calls are answered with. `passwords`: that were set. `calls`: that were made.
    """

    def __init__(self, instance: str, take_over: Callable[[str], None]) -> None:
        self.refusals: list[str] = []
        self.passwords: list[str] = []
        self.calls: list[Recorded] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                code = api.refusals.pop(0) if api.refusals else None
                code = code or api.fault(form, self.headers.get("Authorization", ""), instance)
                if code is None:
                    api.passwords.append(form["MasterUserPassword"])
                    take_over(form["MasterUserPassword"])
                self.send_response(400 if code else 200)
                self.end_headers()
                self.wfile.write(_REFUSED.format(code=code).encode() if code else b"<ModifyDBInstanceResponse/>")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def fault(self, form: dict[str, str], authorization: str, instance: str) -> str | None:
        """The code that RDS refuses the call with."""
        if f"Credential={ACCESS_KEY}" not in authorization or "/eu-central-1/rds/aws4_request" not in authorization:
            return "InvalidClientTokenId"
        if (form.pop("Action"), form.pop("Version")) != ("ModifyDBInstance", _MODEL.api_version):
            return "InvalidAction"
        if set(form) - _PARAMETERS or not 8 <= len(form["MasterUserPassword"]) <= 41:
            return "InvalidParameterValue"
        if form["DBInstanceIdentifier"] != instance:
            return "DBInstanceNotFound"
        # As IAM answers, of the role that the Job has.
        questions = asked(Call("rds", "ModifyDBInstance", ACCOUNT, "eu-central-1", form))
        asks = tuple(Question(one.action, one.resource, one.context) for one in questions)
        self.calls.append(Recorded("rds:ModifyDBInstance", "", ACCESS_KEY, asks))
        return "AccessDenied" if faults(role(DATABASE_ACCESS, ACCOUNT), self.calls[-1:]) else None

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
