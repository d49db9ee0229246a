"""A report as one HTML file that needs nothing beside it."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def page(template: str, chart: bytes, **values: Any) -> str:
    """The page of a template of this package; `chart` is a PNG."""
    environment = Environment(
        loader=PackageLoader("patchbay_loadtests.core.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        chart=b64encode(chart).decode(),
        finished=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        **values,
    )
