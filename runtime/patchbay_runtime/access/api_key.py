"""API keys as their holders have them: `pbk_<id>_<secret>`."""

from patchbay_runtime.access.codes import Code, new_code, parse_code

ApiKey = Code


def new_key() -> ApiKey:
    """A key that nobody has."""
    return new_code("pbk")


def parse_key(text: str) -> ApiKey | None:
    """The key; None for a text of another form."""
    return parse_code("pbk", text)
