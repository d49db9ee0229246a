"""What `locust -f loadtests/locustfile.py` is told besides Locust's own options."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patchbay_loadtests.core.objectives import SLO
from patchbay_loadtests.profiles.profile import Profile

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

FLOW: Final = "loadtest-locust"


class OpenLoop(BaseModel):
    """`user_seconds`: each user sends one order in this time. `sink_url`: where each order's line is delivered."""

    model_config = ConfigDict(frozen=True)

    tenant: str = Field(default="loadtest", pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    user_seconds: float = Field(default=1, gt=0, le=3600)
    load_profile: Path | None = None
    sink_url: str | None = None
    slo: Path = SLO
    settle_seconds: float = Field(default=60, gt=0)


def add_arguments(parser: "LocustArgumentParser") -> None:
    """Our options beside Locust's; each may also come from the environment."""
    group = parser.add_argument_group("Patchbay")
    group.add_argument(
        "--load-profile",
        env_var="PATCHBAY_LOAD_PROFILE",
        help="A load profile's YAML file; without it, users as given",
    )
    group.add_argument("--tenant", env_var="PATCHBAY_TENANT", default="loadtest", help="Whose flow is registered")
    group.add_argument(
        "--user-seconds",
        env_var="PATCHBAY_USER_SECONDS",
        type=float,
        default=1.0,
        help="Each user sends one order in this time, whatever became of the one before",
    )
    group.add_argument("--sink-url", env_var="PATCHBAY_SINK_URL", help="Where the flow delivers: .../deliveries")
    group.add_argument("--slo", env_var="PATCHBAY_SLO", default=str(SLO), help="What users may expect: the objectives")
    group.add_argument(
        "--settle-seconds",
        env_var="PATCHBAY_SETTLE_SECONDS",
        type=float,
        default=60.0,
        help="How long accepted runs may take to end after the last order",
    )


def given(options: Namespace | None) -> OpenLoop:
    """The options as the model has them; ValueError names what is wrong."""
    names = {name: getattr(options, name, None) for name in OpenLoop.model_fields}
    try:
        return OpenLoop.model_validate({name: value for name, value in names.items() if value not in {None, ""}})
    except ValidationError as error:
        problem = error.errors()[0]
        option = "--" + "-".join(map(str, problem["loc"])).replace("_", "-")
        raise ValueError(f"{option}: {problem['msg']}") from None


class _Named(BaseModel):
    profile: Profile = Field(discriminator="name")


def read_profile(path: Path) -> Profile:
    """A profile file: `name` (steady, soak or black-friday) and its settings. ValueError for what is none."""
    try:
        return _Named.model_validate({"profile": yaml.safe_load(path.read_text())}).profile
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"--load-profile: {path} is not a YAML file that can be read: {error}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"][1:]))
        raise ValueError(f"--load-profile: {path}: {field or 'the file'}: {problem['msg']}") from None
