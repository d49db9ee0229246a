"""What the commands have in common."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console

from patchbay_loadtests.core.errors import UnusableEnvironmentError
from patchbay_loadtests.core.messages import tell

Outcome = TypeVar("Outcome")
AnyOptions = TypeVar("AnyOptions", bound=BaseModel)

Host = Annotated[str, typer.Option(help="The gateway's address, http://NAME[:PORT].")]
Kubeconfig = Annotated[Path, typer.Option(help="The kubeconfig of the environment's cluster.")]
Context = Annotated[str | None, typer.Option(help="The kubeconfig's context; its current one by default.")]
Namespace = Annotated[str, typer.Option(help="Where the API and the shapes' workers run.")]
Tenant = Annotated[str, typer.Option(help="The tenant that the load test's flows belong to.")]
SinkPython = Annotated[str, typer.Option(help="The Python in the API's image, which the sink runs with.")]
Slo = Annotated[Path, typer.Option("--slo", help="What users may expect: the objectives, in the form of slo.yaml.")]
Remote = Annotated[bool, typer.Option("--allow-remote-host", help="Send load to a host that is not this machine.")]
HpaSync = Annotated[
    float, typer.Option(min=0.5, help="The controller manager's --horizontal-pod-autoscaler-sync-period.")
]
TokenFile = Annotated[
    Path | None, typer.Option(help="A file with an administrator's API key; by default PATCHBAY_TOKEN's value.")
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option(
        help="A file with a key (`X-Api-Key`) of what stands before the gateway; by default PATCHBAY_API_KEY."
    ),
]
Ca = Annotated[
    Path | None, typer.Option(help="The certificates that sign the gateway's, in PEM; by default PATCHBAY_CA's file.")
]


@contextmanager
def reading(console: Console) -> Iterator[None]:
    """Ends the program with 2 and the reason where a file or text that an option names is refused."""
    try:
        yield
    except ValidationError as error:
        _refuse(console, error)
    except (ValueError, UnusableEnvironmentError) as error:
        tell(console, "options:", str(error))
        raise typer.Exit(2) from None


def run(work: Coroutine[Any, Any, Outcome], console: Console) -> Outcome:
    """The work's outcome; ends the program with 2 where the environment cannot be tested, with 130 on Ctrl-C."""

    async def until_told_to_stop() -> Outcome:
        if task := asyncio.current_task():
            for number in (signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:  # by nohup
                    asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    try:
        return asyncio.run(until_told_to_stop())
    except UnusableEnvironmentError as error:
        tell(console, "the environment cannot be tested:", str(error))
        raise typer.Exit(2) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("interrupted; what was set up or changed is put back")
        raise typer.Exit(130) from None


def validated(model: type[AnyOptions], console: Console, **values: Any) -> AnyOptions:
    """The options as the model has them; ends the program with 2 and the reasons where it refuses them."""
    try:
        return model(**values)
    except ValidationError as error:
        _refuse(console, error)


def _refuse(console: Console, error: ValidationError) -> NoReturn:
    for problem in error.errors():
        field = ".".join(str(part) for part in problem["loc"])
        tell(console, f"{field or 'options'}:", problem["msg"].removeprefix("Value error, "))
    raise typer.Exit(2) from None
