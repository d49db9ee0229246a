"""The image lock: each image of the platform, by digest."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from patchbay_config.errors import ConfigError, describe
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_snake

Image = Annotated[str, Field(pattern=r"^[a-z0-9.:-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$")]


Architectures = Annotated[frozenset[Literal["amd64", "arm64"]], Field(min_length=1)]
_UNTOLD: Final[Architectures] = frozenset({"amd64"})


class ImageLock(BaseModel):
    """References `registry/repository@sha256:...`. Images of the nodes themselves may stand in the same file.

    A digest is an image's, or an OCI index's of images for several architectures. Which ones, an entry tells that is
    written `{"image": "...", "architectures": ["amd64", "arm64"]}`; a plain reference is for amd64.

    `redis`, `mariadb`, `cluster_autoscaler`, `pause`: needed only where these run in the cluster.
    """

    model_config = ConfigDict(
        frozen=True, alias_generator=lambda name: to_snake(name).replace("_", "-"), hide_input_in_errors=True
    )

    runtime: Image
    redis: Image | None = None
    mariadb: Image | None = None
    cluster_autoscaler: Image | None = None
    pause: Image | None = None
    prometheus: Image
    haproxy: Image
    json_exporter: Image
    keda: Image
    keda_metrics_adapter: Image
    architectures: Annotated[dict[str, Architectures], Field(exclude=True)] = {}

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, entries: Any) -> Any:
        """References, and architectures by image."""
        if not isinstance(entries, dict):
            return entries
        told = {name: entry for name, entry in entries.items() if isinstance(entry, dict)}
        plain = {name: entry.get("image") if name in told else entry for name, entry in entries.items()}
        return plain | {"architectures": {name: entry.get("architectures", ()) for name, entry in told.items()}}

    def architectures_of(self, name: str) -> Architectures:
        """`name`: as in the file."""
        return self.architectures.get(name, _UNTOLD)

    @property
    def locked(self) -> frozenset[str]:
        """The images that there are, by their names in the file."""
        return frozenset(self.model_dump(by_alias=True, exclude_none=True))

    @classmethod
    def load(cls, path: Path, *, field: str) -> Self:
        """`field` is the config key that named the file, for the error."""
        try:
            return cls.model_validate(json.loads(path.read_text()))
        except OSError as error:
            raise ConfigError(
                f"{field}: cannot read {path} ({error.strerror}); build and push the images first, which writes it, "
                "promote an environment's images to this one, or name the lock file of images that exist; before the "
                "first images of an environment its content is {}, and only AWS is made"
            ) from None
        except json.JSONDecodeError as error:
            raise ConfigError(f"{field}: {path} is not JSON ({error}); write it again from the images") from None
        except ValidationError as error:
            raise ConfigError(
                f"{field}: {path} does not lock every image by digest:\n"
                + describe("", error, missing="push the image and lock it")
            ) from None


def promoted(path: Path, *, field: str) -> ImageLock | None:
    """As `ImageLock.load`; None where the file's content is `{}`, as it is before an environment's first images."""
    if path.is_file() and path.read_text().strip() == "{}":
        return None
    return ImageLock.load(path, field=field)
