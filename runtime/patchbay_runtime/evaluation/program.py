"""The processes that evaluate: `python -I -B -m patchbay_runtime.evaluation.program FD`, started by `nursery`.

The program started so has the engine in memory and never sees a tenant's data. For each command it forks a process
that serves steps. Commands and answers are packets on FD:

- `fork`, with the process's end of a socket: answered by its pid, or by `none` where the kernel gives no process;
- `end PID`: kill the process unless it has ended, answered by how it ended, negative for a signal.

A step is one message that begins with `e`, answered by a message per expression, `v` and the value or `f` and the
fault, and at the end by `k` (keep) or `r` (retire: this process has grown). A list of expressions that are only to be
read begins with `s` (syntax): the values tell what is wrong, null for nothing. See `frames`.
"""

import gc
import json
import os
import random
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn

from patchbay_runtime.evaluation.confinement import confine, confine_nursery
from patchbay_runtime.evaluation.engine import evaluate
from patchbay_runtime.evaluation.frames import framed, receive
from patchbay_runtime.evaluation.limits import (
    ENDED,
    LONGEST_TEXT,
    MOST_FAULTS,
    OUTPUT_BYTES,
    PROCESSOR_SECONDS,
    READING_SECONDS,
    RETIRED_BYTES,
)
from patchbay_runtime.steps.fault import StepFault
from patchbay_runtime.steps.syntax import syntax_fault

# Modules that the engine loads as it needs them have to be there before files are out of reach.
_WARMING: Final = (
    "$now() & $toMillis('2020') & $toMillis('1 2 2020', '[D] [M] [Y]') & $fromMillis(0, '[FNn] [MNn] [D1o]', '+0100')",
    "$formatNumber(1.5, '#,##0.00') & $formatInteger(3, 'w') & $parseInteger('three', 'w') & $formatBase(9, 2)",
    "$base64encode('a') & $base64decode('YQ==') & $encodeUrl('/ä') & $decodeUrl('%20') & $uppercase('a')",
    "$eval('[1..3]')[0] & $string({'a': $shuffle([1, 2])}) & $match('ab', /b/i).match & $replace('ab', /a(b)/, '$1')",
    "$ ~> |a|{'b': 1}|",
    "$sort([{'n': 2}, {'n': 1}], function($l, $r) { $l.n > $r.n }).n & [1, 2]^(>$)[0]",
    "$sum([1.5, 2]) & $power(2, 3) & $sqrt(4) & $round(1.55, 1) & $distinct([1, 1]) & $split('a b', ' ')[0]",
)


def main() -> None:
    """Serve commands until the worker is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for expression in _WARMING:
        evaluate(expression, {"a": {}}, {}, 0)
    json.dumps("ä", ensure_ascii=False)
    confine_nursery()
    # Else each process would write to all pages of what it shares, and so have its own.
    gc.collect()
    gc.freeze()
    control.send(b"ready")
    while True:
        command, files, _, _ = socket.recv_fds(control, 64, 1)
        if not command:
            return
        word, _, argument = command.partition(b" ")
        if word == b"fork":
            control.send(_forked(files[0]))
        else:
            control.send(b"%d" % _ended(int(argument)))


def _forked(connection: int) -> bytes:
    try:
        pid = os.fork()
    except OSError:
        pid = -1
    if pid == 0:
        try:
            _serve(connection)
        finally:
            os._exit(1)
    os.close(connection)
    return b"none" if pid < 0 else b"%d" % pid


def _ended(pid: int) -> int:
    # It is a child that nobody has waited for, so the pid cannot be another's.
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _serve(fd: int) -> NoReturn:
    connection = socket.socket(fileno=fd)
    filtered = confine(fd)
    # What the engine prints goes nowhere, and processes of one origin must not draw the same numbers.
    sys.stdout = sys.stderr = None
    random.seed()
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connection.sendall(framed(b"confined" if filtered else b"open"))
    while (message := receive(connection)) is not None:
        # Without a handler: the kernel ends the process, wherever it is.
        evaluates = message[:1] == b"e"
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS if evaluates else READING_SECONDS)
        _answer(connection, message[1:], _values if evaluates else _faults)
        signal.setitimer(signal.ITIMER_PROF, 0)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) * 1024 > RETIRED_BYTES
        connection.sendall(framed(b"r" if grown else b"k"))
    os._exit(0)


def _answer(connection: socket.socket, message: bytes, answers: Callable[[Any], Iterator[bytes]]) -> None:
    try:
        for text in answers(json.loads(message)):
            connection.sendall(framed(b"v" + text))
    except MemoryError:
        fault = ENDED["memory"]
    except StepFault as error:
        fault = (error.code, error.message)
    else:
        return
    code, told = fault
    connection.sendall(framed(b"f" + f"{code} {told[:LONGEST_TEXT]}".encode("utf-8", "surrogatepass")))


def _values(step: Any) -> Iterator[bytes]:
    left = OUTPUT_BYTES
    for expression in step["expressions"]:
        value = evaluate(expression, step["payload"], step["variables"], step["millis"])
        text = _encoded(value)
        left -= len(text)
        if left < 0:
            raise StepFault(*ENDED["output"])
        yield text
        if step["until_true"] and value not in (None, False):
            return


def _faults(expressions: list[str]) -> Iterator[bytes]:
    faults = 0
    for expression in expressions:
        fault = syntax_fault(expression)
        faults += fault is not None
        if faults > MOST_FAULTS:
            raise StepFault("too_many_faults", f"more than {MOST_FAULTS} of the expressions are faulty")
        yield _encoded(fault and fault[:LONGEST_TEXT])
        # What was read refers to itself, so it would stay for a while.
        gc.collect()


def _encoded(value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError:
        raise StepFault("expression_failed", "the value is nested too deeply") from None
    except ValueError:
        raise StepFault("expression_failed", "the value holds a number that JSON has no form for") from None
    # Half of a pair of surrogates is refused where the value is kept.
    return text.encode("utf-8", "surrogatepass")


if __name__ == "__main__":
    main()
