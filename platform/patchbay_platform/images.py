"""The image lock: each image of the platform, by digest."""

import json
from pathlib import Path
from typing import Annotated, Self

from patchbay_config.errors import ConfigError, describe
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_snake

Image = Annotated[str, Field(pattern=r"^[a-z0-9.:-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$")]


class ImageLock(BaseModel):
    """References `registry/repository@sha256:...`. Images of the nodes themselves may stand in the same file.

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
