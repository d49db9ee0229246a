"""The images that the platform deploys, as a build would have pushed them."""

import json
from pathlib import Path

from patchbay_infra.images.config import ImagesConfig


def write_image_lock(directory: Path) -> Path:
    """A lock with a made-up digest for each image that an environment's registry holds."""
    path = directory / "images.json"
    names = ImagesConfig().names
    path.write_text(json.dumps({name: f"registry.example:5000/patchbay/{name}@sha256:{'a' * 64}" for name in names}))
    return path
