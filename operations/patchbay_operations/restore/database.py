"""A MariaDB, through its own command-line programs: they dump what no library of ours could."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

_TIMEOUT_SECONDS: Final = 3600.0
# MariaDB's error codes from 2000 on are the client's own, such as 2013, "Lost connection to server during query".
_LOST: Final = re.compile(r"^ERROR 2\d{3} ", re.MULTILINE)


class DatabaseError(Exception):
    """A program of MariaDB failed; its own words, which quote no row."""


class LostError(DatabaseError):
    """Whether the server has carried out the last statement, or still does, is not known."""


@dataclass(frozen=True)
class Database:
    """`socket` in place of `host` and `port` on this machine. `ca`: of a server that is entered over TLS."""

    user: str
    password: str = field(default="", repr=False)
    host: str = "127.0.0.1"
    port: int = 3306
    socket: Path | None = None
    ca: Path | None = None

    def query(self, statements: str, *, schema: str = "") -> list[list[str]]:
        """The rows of the last statement that has any. Values come as the client writes them without quoting."""
        words = ["mariadb", "--batch", "--skip-column-names", *([schema] if schema else [])]
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
            source.write(statements.encode())
            source.seek(0)
            self._run(words, source, target)
            target.seek(0)
            return [line.split("\t") for line in target.read().decode().splitlines()]

    def dump(self, words: Sequence[str], target: Path) -> None:
        """What `mariadb-dump` makes of one moment, without locks."""
        common = ("--single-transaction", "--skip-lock-tables", "--hex-blob", "--default-character-set=utf8mb4")
        with target.open("wb") as file:
            self._run(["mariadb-dump", *common, *words], None, file)

    def load(self, source: Path, *, schema: str = "") -> None:
        """Run the file's statements."""
        with source.open("rb") as file:
            self._run(["mariadb", "--binary-mode", *([schema] if schema else [])], file, None)

    def answers(self) -> bool:
        """Whether it lets the user in."""
        try:
            return self.query("SELECT 1") == [["1"]]
        except DatabaseError:
            return False

    def _run(self, words: Sequence[str], source: IO[bytes] | None, target: IO[bytes] | None) -> None:
        with tempfile.NamedTemporaryFile("w", prefix="patchbay-", suffix=".cnf") as options:
            # A file that only its owner reads: arguments are everybody's.
            options.write(self._options())
            options.flush()
            try:
                done = subprocess.run(
                    [words[0], f"--defaults-file={options.name}", *words[1:]],
                    stdin=source or subprocess.DEVNULL,
                    stdout=target or subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    timeout=_TIMEOUT_SECONDS,
                    check=False,
                )
            except FileNotFoundError as error:
                raise DatabaseError(f"{words[0]}: not on the PATH; install the package mariadb-client") from error
            except subprocess.TimeoutExpired as error:
                raise LostError(f"{words[0]}: took longer than {_TIMEOUT_SECONDS:.0f} s") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-500:]
            raise (LostError if _LOST.search(said) or done.returncode < 0 else DatabaseError)(f"{words[0]}: {said}")

    def _options(self) -> str:
        where = {"socket": str(self.socket)} if self.socket else {"host": self.host, "port": str(self.port)}
        tls = {"ssl-ca": str(self.ca), "ssl-verify-server-cert": "1"} if self.ca else {}
        values = {"user": self.user, "password": self.password, **where, **tls}
        return "[client]\n" + "".join(f'{name}="{value}"\n' for name, value in values.items())
