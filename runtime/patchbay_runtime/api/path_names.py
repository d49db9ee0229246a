"""Names in a request's path. What cannot be one is answered as what is not there.

MariaDB takes a name with spaces after it for the name, and fails on one that is not ASCII.
"""

import re
from typing import Annotated, Final

from fastapi import Depends, Path

from patchbay_runtime.api.errors import not_found
from patchbay_runtime.names import NAME_PATTERN, is_name

_RUN: Final = re.compile(r"[0-9a-f]{32}")

GivenName = Annotated[str, Path(json_schema_extra={"pattern": NAME_PATTERN})]
"""A name as it came, whatever it is; the document tells what one can be."""
_GivenRun = Annotated[str, Path(json_schema_extra={"pattern": f"^{_RUN.pattern}$"})]


async def _flow(flow: GivenName) -> str:
    if not is_name(flow):
        raise not_found("flow", flow)
    return flow


async def _run(run: _GivenRun) -> str:
    if _RUN.fullmatch(run) is None:
        raise not_found("run", run)
    return run


FlowName = Annotated[str, Depends(_flow)]
"""The flow of the path; 404 for what cannot be one."""

RunId = Annotated[str, Depends(_run)]
"""The run of the path; 404 for what cannot be one."""
