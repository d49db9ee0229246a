"""The resource that an operation concerns, as the table's functions see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

Values = Mapping[str, Any]


class Aws(Protocol):
    """AWS' API, as far as the provider is configured for it."""

    def call(self, service: str, region: str, operation: str, parameters: Values) -> dict[str, Any]:
        """The answer to an operation (`create_vpc`). Raises AwsError."""
        ...

    def account(self) -> str:
        """The account's number."""
        ...


class AwsError(Exception):
    """An error that AWS answered: `operation: code: message`."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `inputs` are the program's (of a delete or a read the last known ones): camelCase, no secrets.

    `before` are the inputs that an update replaces, `outputs` the last known outputs; both empty where there are none.
    `parsed` are properties that the id tells. After an import only `id` and `parsed` are there.
    """

    service: str
    region: str
    aws: Aws
    id: str = ""
    inputs: Values = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    outputs: Values = field(default_factory=dict)
    parsed: Values = field(default_factory=dict)

    def value(self, name: str) -> Any:
        """A property, from the inputs, the id or the outputs; `id`, `region`, `account`; None if unknown."""
        if name == "id":
            return self.id or None
        if name == "region":
            return self.region
        if name == "account":
            return self.aws.account()
        for values in (self.inputs, self.parsed, self.outputs):
            if values.get(name) is not None:
                return values[name]
        return None

    def changed(self, name: str) -> bool:
        """Whether an update changes a property."""
        return bool(self.inputs.get(name) != self.before.get(name))

    def call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """The answer to an operation of the service: `of(service=...)` for another one. Raises AwsError."""
        return self.aws.call(self.service, self.region, operation, parameters)

    def of(self, **changes: Any) -> "Resource":
        """The resource with other fields."""
        return replace(self, **changes)
