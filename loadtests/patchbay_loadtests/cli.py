"""The command line: 0 the promise holds, 1 it does not, 2 the environment could not be tested, 130 interrupted."""

import typer

from patchbay_loadtests.commands.bench import bench_command
from patchbay_loadtests.commands.compare import compare_command
from patchbay_loadtests.commands.faults import app as faults_app
from patchbay_loadtests.commands.load import load_command
from patchbay_loadtests.commands.nodes import prove_nodes_command
from patchbay_loadtests.commands.prove import prove_command
from patchbay_loadtests.commands.put_back import put_back_command

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Load tests of a Patchbay environment.",
)


@app.callback()
def main() -> None:
    """Load tests of a Patchbay environment."""


app.command("prove")(prove_command)
app.command("prove-nodes")(prove_nodes_command)
app.command("load")(load_command)
app.command("compare")(compare_command)
app.add_typer(faults_app, name="faults")
app.command("put-back")(put_back_command)
app.command("bench")(bench_command)
