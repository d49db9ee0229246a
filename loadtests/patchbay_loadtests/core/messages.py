"""Messages to the terminal whose text comes from elsewhere."""

from typing import Literal

from rich.console import Console
from rich.markup import escape


def tell(console: Console, heading: str, text: str, *, colour: Literal["red", "yellow"] = "red") -> None:
    """The text stays as it is: a list in brackets is not taken for the terminal's markup."""
    console.print(f"[{colour}]{heading}[/] {escape(text)}", highlight=False)
