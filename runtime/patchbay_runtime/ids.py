"""Identifiers of runs and processes."""

import os
import time


def new_ids(count: int) -> list[str]:
    """`count` identifiers of 32 hexadecimal digits: milliseconds since 1970, place in the batch, 64 random bits.

    In order of time, so that new rows go to the end of the primary key's tree instead of all over it, and the
    elements of a split keep their order.
    """
    milliseconds = time.time_ns() // 1_000_000
    return [f"{milliseconds:012x}{index & 0xFFFF:04x}{os.urandom(8).hex()}" for index in range(count)]


def new_id() -> str:
    """One identifier."""
    return new_ids(1)[0]
