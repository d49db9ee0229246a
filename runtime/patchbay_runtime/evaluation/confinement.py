"""What an evaluation process gives up before it sees a tenant's data. Nothing of it takes a privilege.

The filter of system calls leaves memory, clocks and the one open socket: no files, sockets, processes or signals,
whatever a fault of the engine may let an expression do. See seccomp(2), prctl(2), setrlimit(2).
"""

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from pathlib import Path
from typing import Final

from patchbay_runtime.evaluation.limits import MEMORY_BYTES

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_MODE_FILTER: Final = 2
_KILL_PROCESS: Final = 0x80000000
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
# BPF: load a word of the call's description, jump if equal, return.
_LOAD: Final = 0x20
_JUMP_IF_EQUAL: Final = 0x15
_RETURN: Final = 0x06
_NUMBER_AT: Final = 0
_ARCHITECTURE_AT: Final = 4

# Machine -> how the kernel calls it, and the numbers of
# read, write, close, mmap, munmap, mremap, brk, madvise, futex, sched_yield, rt_sigaction, rt_sigprocmask,
# rt_sigreturn, sigaltstack, restart_syscall, setitimer, getitimer, getrusage, clock_gettime, gettimeofday, getrandom,
# getpid, gettid, sendto, recvfrom, exit, exit_group.
_CALLS: Final = {
    "x86_64": (
        0xC000003E,
        (0, 1, 3, 9, 11, 25, 12, 28, 202, 24, 13, 14, 15, 131, 219, 38, 36, 98, 228, 96, 318, 39, 186, 44, 45, 60, 231),
    ),
    "aarch64": (
        0xC00000B7,
        (
            *(63, 64, 57, 222, 215, 216, 214, 233, 98, 124, 134, 135, 139, 132, 128, 103, 102, 165, 113, 169, 278),
            *(172, 178, 206, 207, 93, 94),
        ),
    ),
}

_NICENESS: Final = 5

_libc = ctypes.CDLL(None, use_errno=True)


def confine_nursery() -> None:
    """For all evaluation processes: no new rights, no memory that others read; the first to go where it is scarce."""
    Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def confine(kept: int) -> bool:
    """Close every file but `kept`, and take all else away for good. False where the kernel has no filter of calls."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Workers answer for their neighbours' steps too.
    os.nice(_NICENESS)
    os.closerange(0, kept)
    os.closerange(kept + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    for limit, most in (
        (resource.RLIMIT_AS, size + MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    return _filter_calls()


def _prctl(option: int, argument: int) -> None:
    if _libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _filter_calls() -> bool:
    known = _CALLS.get(platform.machine())
    if known is None:
        return False
    architecture, calls = known
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_AT),
        *((_JUMP_IF_EQUAL, len(calls) - index, 0, number) for index, number in enumerate(calls)),
        # An error, not an end: libraries live without what they only try.
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    described = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    try:
        prctl = _libc.prctl
        if prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), described, 0, 0) != 0:
            return False
    finally:
        del code
    return True
