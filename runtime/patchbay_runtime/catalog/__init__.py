"""The shape catalogue: every shape that the platform runs, by name.

Each module of `patchbay_runtime.shapes` defines one shape as `SHAPE`; nothing else lists them. Importing the catalogue
needs the standard library and pydantic only: shape modules import their heavier libraries where they use them.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from patchbay_runtime import shapes
from patchbay_runtime.steps.shape import Shape

__all__ = ["CATALOG", "Shape"]


def _discover() -> dict[str, Shape]:
    found: dict[str, Shape] = {}
    for module in sorted(pkgutil.iter_modules(shapes.__path__), key=lambda module: module.name):
        shape = importlib.import_module(f"{shapes.__name__}.{module.name}").SHAPE
        if not isinstance(shape, Shape) or shape.name != module.name.replace("_", "-"):
            raise TypeError(f"{shapes.__name__}.{module.name}: SHAPE must be a Shape named like its module")
        found[shape.name] = shape
    return found


CATALOG: Final[Mapping[str, Shape]] = MappingProxyType(_discover())
