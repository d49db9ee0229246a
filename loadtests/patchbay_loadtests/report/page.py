"""The report as one HTML file that needs nothing beside it."""

from base64 import b64encode
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from patchbay_loadtests.proof.latency import LEGS
from patchbay_loadtests.proof.result import Result


def report_html(result: Result, chart: bytes, finished: datetime) -> str:
    """The page; `chart` is a PNG."""
    environment = Environment(
        loader=PackageLoader("patchbay_loadtests.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        result=result,
        legs=LEGS,
        chart=b64encode(chart).decode(),
        finished=finished.strftime("%Y-%m-%d %H:%M:%S UTC"),
    )
