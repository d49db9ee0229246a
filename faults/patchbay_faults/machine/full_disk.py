"""`python -m patchbay_faults.machine.full_disk fill|free PID...`: no room below /tmp, as processes see it.

A program of its own, because only a process without threads may enter another one's mounts.
"""

import contextlib
import ctypes
import os
import sys

_DIRECTORY = "/tmp"  # noqa: S108 - of the pod's own mounts
_BYTES = 65536
_NAMESPACE_OF_MOUNTS = 0x00020000
_DETACH = 2
_C = ctypes.CDLL(None, use_errno=True)


def _checked(failed: int) -> None:
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def fill() -> None:
    """Mount it and write until nothing fits any more."""
    options = f"size={_BYTES},mode=1777".encode()
    _checked(_C.mount(b"tmpfs", _DIRECTORY.encode(), b"tmpfs", 0, options))
    file = os.open(f"{_DIRECTORY}/full", os.O_CREAT | os.O_WRONLY)
    with contextlib.suppress(OSError):
        while True:
            os.write(file, bytes(4096))


def free() -> None:
    """Take it away where it is."""
    if os.path.exists(f"{_DIRECTORY}/full"):  # noqa: PTH110 - nothing may be imported in another's mounts
        _checked(_C.umount2(_DIRECTORY.encode(), _DETACH))


def within(pid: int, act: str) -> None:
    """Do it in a child, which enters the mounts of `pid`. Nothing happens where that has ended."""
    try:
        mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY)
    except FileNotFoundError:
        return
    child = os.fork()
    if child == 0:
        try:
            _checked(_C.setns(mounts, _NAMESPACE_OF_MOUNTS))
            (fill if act == "fill" else free)()
        except OSError as error:
            os.write(2, f"{pid}: {error.strerror}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(mounts)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(1)


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        within(int(argument), sys.argv[1])
