"""How an operation that moto lacks, or gets wrong, is declared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

from patchbay_standins.aws.state import state_of

T = TypeVar("T")
Result = Mapping[str, Any]


class Served(Enum):
    """What a handler returns to leave a call to moto."""

    BY_MOTO = "moto"


BY_MOTO: Final = Served.BY_MOTO


class AwsError(Exception):
    """An error as AWS answers it.

    The status comes from the service's model, or is `status` where the model has none. `members` are the error's own,
    such as `clusterName`.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, **members: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        for name, value in members.items():
            setattr(self, name, value)


@dataclass(frozen=True)
class Call:
    """One call of an operation; `parameters` are named and typed as boto3's keyword arguments."""

    service: str
    operation: str
    account: str
    region: str
    parameters: Mapping[str, Any]

    def __getitem__(self, parameter: str) -> Any:
        return self.parameters[parameter]

    def get(self, parameter: str, default: Any = None) -> Any:
        """The parameter's value, or the default where the caller gave none."""
        value = self.parameters.get(parameter)
        return default if value is None else value

    def state(self, kind: type[T]) -> T:
        """This account's and region's one object of `kind`: picklable, saved with the emulator's state."""
        return state_of(self.account, self.region, kind)

    def arn(self, resource: str) -> str:
        """The ARN of a resource of this service, account and region."""
        return f"arn:aws:{self.service}:{self.region}:{self.account}:{resource}"


Handler = Callable[[Call], Result | Served | None]
Clock = Callable[[str], bool]  # account -> whether anything has changed
Control = Callable[[str, bytes | None], str]  # account, and what was put or None to read -> JSON


class Service:
    """The added operations of one AWS service, named as botocore names it.

    A handler gets the parsed call and returns the answer as boto3 shows it (without ResponseMetadata), None for an
    empty one or `BY_MOTO`; it raises AwsError, or lets an error of moto's backend through. Calls come one at a time.
    """

    def __init__(self, name: str, *, signing_name: str | None = None) -> None:
        self.name = name
        self.signing_name = signing_name or name
        self._handlers: dict[str, Handler] = {}
        self._clocks: list[Clock] = []
        self._controls: dict[str, Control] = {}

    def operation(self, name: str) -> Callable[[Handler], Handler]:
        """Serves the operation (`CreateAddon`) by the decorated handler, before moto is asked."""

        def register(handler: Handler) -> Handler:
            if name in self._handlers:
                raise ValueError(f"{self.name}: {name} has two handlers")
            self._handlers[name] = handler
            return handler

        return register

    def clock(self, advance: Clock) -> Clock:
        """Brings the account to the present by the decorated function before each call, of whatever service."""
        self._clocks.append(advance)
        return advance

    def control(self, path: str) -> Callable[[Control], Control]:
        """Serves unsigned GETs and PUTs of the path, which is none of AWS's; a ValueError is answered with 400."""

        def register(control: Control) -> Control:
            self._controls[path] = control
            return control

        return register

    def handler(self, operation: str) -> Handler | None:
        """What serves the operation, None where moto does."""
        return self._handlers.get(operation)

    @property
    def clocks(self) -> Sequence[Clock]:
        return tuple(self._clocks)

    @property
    def controls(self) -> Mapping[str, Control]:
        return dict(self._controls)

    @property
    def operations(self) -> Sequence[str]:
        return sorted(self._handlers)
