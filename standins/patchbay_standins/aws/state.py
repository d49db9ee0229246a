"""What the added operations remember: plain objects by kind, account and region, saved with moto's own state."""

from typing import Final, TypeVar, cast

T = TypeVar("T")

Key = tuple[str, str, type[object]]  # account, region, kind

ALL_REGIONS: Final = "*"  # of what an account has once

_STATE: dict[Key, object] = {}


def state_of(account: str, region: str, kind: type[T]) -> T:
    """The one object of `kind` in the account and region, made by `kind()` at its first use."""
    key: Key = (account, region, kind)
    if key not in _STATE:
        _STATE[key] = kind()
    return cast(T, _STATE[key])


def all_states() -> dict[Key, object]:
    """Everything remembered, to be saved."""
    return dict(_STATE)


def replace_states(states: dict[Key, object]) -> None:
    """Puts back what was saved."""
    _STATE.clear()
    _STATE.update(states)
