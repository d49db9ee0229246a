"""Each room imports only what the table of rooms in docs/architecture.md allows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
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

# Room -> the prefixes of our packages and of Pulumi's that it may import.
ALLOWED = {
    "config": ("patchbay_config", "pulumi"),
    "infra": ("patchbay_infra", "patchbay_config", "pulumi", "pulumi_aws"),
    "platform": ("patchbay_platform", "patchbay_config", "patchbay_runtime.catalog", "pulumi", "pulumi_kubernetes"),
    "policies": ("patchbay_policies", "pulumi_policy"),
    "operations": ("patchbay_operations",),
    "runtime": ("patchbay_runtime",),
    "loadtests": ("patchbay_loadtests", "patchbay_runtime.catalog"),
    "local": ("patchbay_local", "patchbay_operations", "patchbay_standins"),
    # The stand-ins of the engine's plugins speak its protocol.
    "standins": ("patchbay_standins", "pulumi", "pulumi_aws"),
}

# A part of a room that may import more.
ALSO = {"loadtests/patchbay_loadtests/faults/machine": ("patchbay_local",)}


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


def also(source: Path) -> tuple[str, ...]:
    return next((prefixes for part, prefixes in ALSO.items() if source.is_relative_to(part)), ())


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_its_row_of_the_table_allows(room: str) -> None:
    sources = sorted((REPOSITORY / room).rglob("*.py"))
    assert sources, f"{room}/ holds no Python files: is the room still there?"
    strangers = [
        f"{source.relative_to(REPOSITORY)} imports {module}"
        for source in sources
        for module in imported_modules(source)
        if governed(module) and not within(module, ALLOWED[room] + also(source.relative_to(REPOSITORY)))
    ]
    assert not strangers, "\n".join(strangers)


def test_every_room_with_a_package_has_a_row() -> None:
    rooms = {package.parent.name for package in REPOSITORY.glob("*/patchbay_*") if package.is_dir()}
    assert rooms == set(ALLOWED)


def test_no_room_shadows_a_module_of_the_standard_library() -> None:
    for room in ALLOWED:
        assert not (REPOSITORY / room / "__init__.py").exists(), f"{room}/__init__.py makes `import {room}` ambiguous"
    assert "site-packages" not in str(getattr(sys.modules.get("platform"), "__file__", ""))


def test_the_catalogue_is_imported_without_the_runtimes_dependencies() -> None:
    show = "import sys, patchbay_runtime.catalog; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = set(
        subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "pydantic" in loaded
    assert not loaded & {"alembic", "asyncmy", "fastapi", "httpx", "jsonata", "redis", "sqlalchemy", "uvicorn"}
