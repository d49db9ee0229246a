"""The config with which a stack is deployed on an emulated account."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from patchbay_local.machine import paths

_INFRA: Final = "patchbay:infra"
_PLATFORM: Final = "patchbay:platform"


@dataclass(frozen=True)
class StackConfig:
    """A stack's own config file: what the emulation has to know of it, and everything else."""

    stack: str
    content: dict[str, Any]

    @classmethod
    def read(cls, stack: str) -> "StackConfig":
        """RuntimeError, which names the stacks that there are, for one without a config file."""
        file = paths.REPOSITORY / f"Pulumi.{stack}.yaml"
        if not file.is_file():
            known = sorted(path.name.split(".")[1] for path in paths.REPOSITORY.glob("Pulumi.*.yaml"))
            raise RuntimeError(f"STACK={stack}: there is no {file.name}; the stacks are {', '.join(known)}")
        return cls(stack, yaml.safe_load(file.read_text()))

    @property
    def region(self) -> str:
        return str(self._infra["aws"]["region"])

    @property
    def account(self) -> str:
        return str(self._infra["aws"]["accountId"])

    @property
    def environment(self) -> str:
        return str(self._infra["environment"]["name"])

    @property
    def production(self) -> bool:
        return bool(self._infra["environment"]["production"])

    @property
    def people(self) -> frozenset[str]:
        """The ARNs of the roles by which people reach the clusters."""
        clusters = (self._infra.get("clusters") or {}).values()
        return frozenset(arn for it in clusters for kind in ("admins", "viewers") for arn in it.get(kind) or ())

    @property
    def _infra(self) -> dict[str, Any]:
        infra: dict[str, Any] = self.content["config"][_INFRA]
        return infra

    def write_emulated(self, file: Path, endpoint: str) -> None:
        """The same config with the emulator's address, and without the platform: there is no Kubernetes behind it."""
        infra = {**self._infra, "aws": {**self._infra["aws"], "endpoint": endpoint}}
        config = {key: value for key, value in self.content["config"].items() if key != _PLATFORM}
        kept = yaml.safe_load(file.read_text()) if file.exists() else {}
        file.parent.mkdir(parents=True, exist_ok=True)
        # The salt belongs to the state that lies beside the file.
        salt = {key: kept[key] for key in ("encryptionsalt",) if key in kept}
        shutil.copyfile(paths.REPOSITORY / "Pulumi.yaml", file.with_name("Pulumi.yaml"))
        file.write_text(yaml.safe_dump({**salt, "config": {**config, _INFRA: infra}}, sort_keys=False))
