"""Each room imports only what the table of rooms in docs/architecture.md allows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
OURS = (
    "patchbay_config",
    "patchbay_operations",
    "patchbay_infra",
    "patchbay_platform",
    "patchbay_runtime",
    "patchbay_loadtests",
    "patchbay_policies",
    "patchbay_local",
    "patchbay_standins",
)

# What the shapes are, how the resources of their pods are written, and which OpenID providers can be believed: all
# without a library of the runtime.
RUNTIME = ("patchbay_runtime.catalog", "patchbay_runtime.quantity", "patchbay_runtime.open_id.issuer")

# Folder -> the prefixes of our packages and of Pulumi's that it may import. The row of the innermost folder holds.
ALLOWED = {
    "config": ("patchbay_config", "pulumi"),
    "infra": ("patchbay_infra", "patchbay_config", "pulumi", "pulumi_aws"),
    "platform": ("patchbay_platform", "patchbay_config", *RUNTIME, "pulumi", "pulumi_kubernetes"),
    "policies": ("patchbay_policies", "pulumi_policy"),
    "operations": ("patchbay_operations", *RUNTIME),
    "runtime": ("patchbay_runtime",),
    "loadtests": ("patchbay_loadtests", *RUNTIME),
    # The faults are done to a machine: its nodes, containers, clock and images.
    "loadtests/patchbay_loadtests/faults/machine": ("patchbay_loadtests", *RUNTIME, "patchbay_local"),
    "local": ("patchbay_local", "patchbay_operations", "patchbay_standins"),
    # The stand-ins of the engine's plugins speak its protocol.
    "standins": ("patchbay_standins", "patchbay_runtime.quantity", "pulumi", "pulumi_aws"),
}


def imported_modules(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(), filename=str(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, prefixes: tuple[str, ...]) -> bool:
    return any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes)


def governed(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in OURS or module.split(".", maxsplit=1)[0].startswith("pulumi")


def row_of(source: Path) -> str:
    return next(str(folder) for folder in source.relative_to(REPOSITORY).parents if str(folder) in ALLOWED)


@pytest.mark.parametrize("row", sorted(ALLOWED))
def test_a_room_imports_only_what_its_row_of_the_table_allows(row: str) -> None:
    # The policies may have an environment of their own.
    files = [file for file in sorted((REPOSITORY / row).rglob("*.py")) if "venv" not in file.parts]
    sources = [source for source in files if row_of(source) == row]
    assert sources, f"{row}/ holds no Python files: is it still there?"
    strangers = [
        f"{source.relative_to(REPOSITORY)} imports {module}"
        for source in sources
        for module in imported_modules(source)
        if governed(module) and not within(module, ALLOWED[row])
    ]
    assert not strangers, "\n".join(strangers)


def test_every_room_with_a_package_has_a_row() -> None:
    rooms = {package.parent.name for package in REPOSITORY.glob("*/patchbay_*") if package.is_dir()}
    assert rooms == {row for row in ALLOWED if "/" not in row}


def test_no_room_shadows_a_module_of_the_standard_library() -> None:
    for room in (row for row in ALLOWED if "/" not in row):
        assert not (REPOSITORY / room / "__init__.py").exists(), f"{room}/__init__.py makes `import {room}` ambiguous"
    assert "site-packages" not in str(getattr(sys.modules.get("platform"), "__file__", ""))


@pytest.mark.parametrize("module", RUNTIME)
def test_what_others_import_of_the_runtime_needs_none_of_its_dependencies(module: str) -> None:
    show = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = set(
        subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "patchbay_runtime" in loaded
    assert not loaded & {"alembic", "asyncmy", "fastapi", "httpx", "jsonata", "redis", "sqlalchemy", "uvicorn"}


# Sub-package of local -> the other ones that it may import; `commands` and what lies beside it may import all.
LAYERS = {"machine": (), "build": ("machine",), "kubernetes": ("machine",), "deploy": ("build", "machine")}
LOCAL = REPOSITORY / "local"
# The command line: it imports the commands, and nothing but the program's start imports it.
ENTRY = "patchbay_local.cli"


def package_of(module: str, room: Path = LOCAL) -> str:
    """The folder of the room that the module lies in; of one right below the room's package, the module itself."""
    place = room.joinpath(*module.split("."))
    while not place.is_dir():
        if place.with_suffix(".py").is_file() and place.parent.parent == room:
            break
        place = place.parent
    return place.relative_to(room).as_posix()


def imports_between_packages(room: Path = LOCAL) -> dict[str, set[str]]:
    """Folder of the room -> the other folders that its own modules import."""
    (root,) = (package.name for package in room.glob("patchbay_*") if package.is_dir())
    found: dict[str, set[str]] = {}
    for source in room.rglob("*.py"):
        if source == LOCAL.joinpath(*ENTRY.split(".")).with_suffix(".py"):
            continue
        own = source.relative_to(room).with_suffix("").parts
        package = package_of(".".join(own), room)
        imported = {package_of(module, room) for module in imported_modules(source) if within(module, (root,))}
        found.setdefault(package, set()).update(imported - {package})
    return found


@pytest.mark.parametrize("room", ["local", "runtime"])
def test_no_packages_of_a_room_import_each_other_in_a_circle(room: str) -> None:
    imports = imports_between_packages(REPOSITORY / room)
    assert len(imports) > 10
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_nothing_but_the_programs_start_imports_the_command_line() -> None:
    importers = {
        source.name
        for source in LOCAL.rglob("*.py")
        if any(within(module, (ENTRY,)) for module in imported_modules(source))
    }
    assert importers == {"__main__.py"}


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_each_layer_of_the_one_machine_environment_imports_only_those_below_it(layer: str) -> None:
    allowed = {"patchbay_local", *(f"patchbay_local/{name}" for name in (layer, *LAYERS[layer]))}
    imports = {
        f"{package} imports {other}"
        for package, others in imports_between_packages().items()
        if package.split("/")[1:2] == [layer]
        for other in others
        if "/".join(other.split("/")[:2]) not in allowed
    }
    assert any(package.split("/")[1:2] == [layer] for package in imports_between_packages())
    assert not imports, sorted(imports)
