"""What the writer of a refused configuration is told."""

from collections.abc import Mapping
from typing import Any

import pytest
from patchbay_config.errors import describe
from patchbay_config.model import Model
from pydantic import ValidationError


def refusal(model: type[Model], values: Mapping[str, Any]) -> str:
    """Lines of `field: message`."""
    with pytest.raises(ValidationError) as refused:
        model.model_validate(values)
    return describe("", refused.value, missing="set it")
