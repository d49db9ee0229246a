"""An emulated AWS account as a daemon: started, found and stopped by any command."""

import hashlib
import http.client
import importlib.metadata
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from patchbay_standins import aws
from patchbay_standins.aws import IDENTITY_PATH, SAVING_PATH

from patchbay_local.machine import addresses, paths
from patchbay_local.machine.daemons import Daemon, DaemonStatus, Supervisor
from patchbay_local.machine.files import contents, entries, files_below
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.mounts import remove_directory
from patchbay_local.machine.programs import HostError

_START_SECONDS: Final = 60.0  # half a second on an idle machine
_STOP_SECONDS: Final = 15.0  # to save the state


@dataclass(frozen=True)
class Emulator:
    """The emulated account of a stack: its name, port on loopback, directory of its state, and account id.

    `for_pods`: on the bridge's address as well, which only this machine and its nodes reach, where there is a bridge.
    `record`: a file that each call is added to, as `patchbay_standins.aws.record` says.
    """

    name: str
    port: int
    directory: Path
    account: str
    run: Path = paths.RUN
    logs: Path = paths.LOGS
    for_pods: bool = False
    record: Path | None = None

    @classmethod
    def of_stack(cls, stack: str, account: str) -> "Emulator":
        """The one of a stack. ValueError for a stack without a port."""
        if stack not in addresses.EMULATOR_PORTS:
            raise ValueError(f"the stack {stack} has no port in patchbay_local.machine.addresses: add one")
        return cls(
            stack,
            addresses.EMULATOR_PORTS[stack],
            paths.EMULATORS / stack,
            account,
            for_pods=stack == paths.CLUSTER_STACK,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self, journal: Journal) -> None:
        """Start it, or start it anew where its code has changed; returns once it answers. Raises HostError."""
        supervisor = self._supervisor(journal)
        arguments = ["--port", str(self.port), "--state", str(self.directory), "--account", self.account]
        if self.for_pods and Path("/sys/class/net", addresses.BRIDGE).exists():
            arguments += ["--also-on", str(addresses.BRIDGE_ADDRESS)]
        if self.record is not None:
            arguments += ["--record", str(self.record)]
        supervisor.ensure(
            Daemon(
                name=self._daemon,
                argv=(sys.executable, "-m", "patchbay_standins.aws", *arguments),
                inputs=(_code_digest(),),
                stop_grace_seconds=_STOP_SECONDS,
            )
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if supervisor.process(self._daemon) is None:
                raise HostError(f"the emulated AWS of {self.name} did not start: {supervisor.last_words(self._daemon)}")
            if time.monotonic() > deadline:
                raise HostError(
                    f"the emulated AWS of {self.name} does not answer at {self.url} after {_START_SECONDS:.0f} s;"
                    f" the end of its log: {supervisor.last_words(self._daemon)}"
                )
            time.sleep(0.05)

    def down(self, journal: Journal) -> None:
        """Stop it; its state stays. Nothing happens where it does not run."""
        journal.undo(self._daemon)

    def forget(self, journal: Journal) -> None:
        """Stop it and remove its state: the next start has an empty account."""
        self.down(journal)
        remove_directory(self.directory)

    def keeps_state(self) -> bool:
        """Whether it was ever started and not forgotten since."""
        return bool(entries(self.directory))

    def status(self, journal: Journal) -> DaemonStatus:
        """Whether it runs."""
        return self._supervisor(journal).status(self._daemon)

    def saving_failure(self) -> str:
        """Why its state could not be saved the last time; empty where it was, and where it does not run."""
        return (self._ask(SAVING_PATH) or "") if self._answers() else ""

    @property
    def _daemon(self) -> str:
        return _daemon_name(self.name)

    def _supervisor(self, journal: Journal) -> Supervisor:
        return Supervisor(run=self.run, logs=self.logs, journal=journal, scope=self._daemon)

    def _answers(self) -> bool:
        """Whether this emulator, and no other program, listens at the port."""
        return self._ask(IDENTITY_PATH) == f"{self.account} {self.directory}"

    def _ask(self, path: str) -> str | None:
        """None where nothing, or nothing of ours, answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == http.client.OK else None
        except (OSError, http.client.HTTPException, UnicodeDecodeError):
            return None
        finally:
            connection.close()


def client_environment(emulator: Emulator, region: str) -> dict[str, str]:
    """What makes any AWS client talk to the emulator: the keys are words that no AWS account has."""
    return {
        "AWS_ENDPOINT_URL": emulator.url,
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_DEFAULT_REGION": region,  # boto3
        "AWS_REGION": region,  # everything else
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def stop_all(journal: Journal) -> None:
    """Stop every stack's account; their state stays. HostError, after all were tried, where one does not end."""
    failures = []
    for stack in addresses.EMULATOR_PORTS:
        try:
            journal.undo(_daemon_name(stack))
        except HostError as error:
            failures.append(str(error))
    if failures:
        raise HostError("; ".join(failures))


def _daemon_name(stack: str) -> str:
    """Of the daemon, and its scope in the journal."""
    return f"aws-{stack}"


def _code_digest() -> str:
    digest = hashlib.sha256(importlib.metadata.version("moto").encode())
    sources = (file for file in files_below(Path(aws.__file__).parent) if file.suffix == ".py")
    for _, content in contents(sources):
        digest.update(content)
    return digest.hexdigest()
