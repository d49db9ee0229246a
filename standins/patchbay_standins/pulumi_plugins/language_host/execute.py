"""Runs one Pulumi program; started by the language host with the program's own Python.

Only the standard library and the Pulumi SDK are imported: the program's environment may hold nothing else.
"""

import argparse
import asyncio
import gc
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

# The exit status that tells the language host that the error has been shown.
SHOWN = 32


def main() -> int:
    """Runs the program that the arguments name; the result is the process's exit status."""
    # A program lives as long as one command. Looking for cycles again and again, while thousands of classes are
    # imported, took more than half of its time.
    gc.disable()
    arguments = _arguments()
    try:
        import pulumi  # noqa: PLC0415 - a missing SDK must be explained, not shown as a traceback
        import pulumi.runtime  # noqa: PLC0415
    except ImportError as error:
        print(
            f"the Pulumi SDK cannot be imported by {sys.executable}: {error}\n"
            "install the project's dependencies into that environment, for example with `pulumi install`",
            file=sys.stderr,
        )
        return SHOWN

    runtime = pulumi.runtime
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    runtime.configure(
        runtime.Settings(
            project=arguments.project,
            stack=arguments.stack,
            organization=arguments.organization,
            root_directory=arguments.root_directory,
            parallel=arguments.parallel,
            dry_run=arguments.dry_run,
            monitor=arguments.monitor,
            engine=arguments.engine,
        )
    )
    if not arguments.debug:
        # The SDK tells of four steps for each resource, each in a call that waits for the engine to drop it.
        pulumi.log.debug = lambda *_, **__: None
    # What a failed program leaves unawaited is no news to the user.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    program = _entry(Path(arguments.program))
    sys.argv = [arguments.program, *arguments.arguments]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(arguments.parallel, 1) * 4)
    loop.set_default_executor(executor)
    try:
        if not program.is_file():
            pulumi.log.error(f"there is no Pulumi program at {program}")
            return SHOWN
        loop.run_until_complete(runtime.run_in_stack(lambda: _run(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return SHOWN
    except KeyboardInterrupt:
        return SHOWN
    except Exception as error:
        pulumi.log.error("Program failed with an unhandled exception:\n" + _own_traceback(error, program))
        return SHOWN
    finally:
        executor.shutdown(wait=True)
        loop.close()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("project", "stack", "organization", "root_directory", "monitor", "engine"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parallel", type=int, default=0)
    parser.add_argument("--dry_run", action="store_true")
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


def _entry(program: Path) -> Path:
    return program / "__main__.py" if program.is_dir() else program


def _run(program: Path) -> None:
    # As `python DIRECTORY` does: the program imports the modules beside it.
    sys.path.insert(0, str(program.parent))
    runpy.run_path(str(program), run_name="__main__")


def _own_traceback(error: BaseException, program: Path) -> str:
    """The traceback from the program's first own line on; all of it when the program is not part of it."""
    own: TracebackType | None = error.__traceback__
    while own is not None and Path(own.tb_frame.f_code.co_filename).resolve() != program.resolve():
        own = own.tb_next
    lines = traceback.format_exception(type(error), error, own or error.__traceback__)
    return "".join(lines).rstrip()


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the SDK may still wait for an engine that has gone.
    os._exit(status)
