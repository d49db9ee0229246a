"""Functions that the SDK calls while the program runs."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any, Final

from patchbay_local.machine import paths

from patchbay_standins.pulumi_plugins.plugin.errors import ProviderError

KUSTOMIZE_SECONDS: Final = 120


def decode_yaml(arguments: Mapping[str, Any]) -> list[Any]:
    """`kubernetes:yaml:decode`: the documents of a YAML text; `defaultNamespace` is given to those without one."""
    documents = parse(str(arguments.get("text", "")))
    namespace = arguments.get("defaultNamespace")
    if namespace:
        for document in documents:
            document.setdefault("metadata", {}).setdefault("namespace", namespace)
    return documents


def build_kustomization(arguments: Mapping[str, Any]) -> list[Any]:
    """`kubernetes:kustomize:directory`: the documents of a kustomization."""
    directory = str(arguments.get("directory", ""))
    kubectl = shutil.which("kubectl", path=f"{paths.BIN}{os.pathsep}{os.environ.get('PATH', '')}")
    if kubectl is None:
        message = f"a kustomization is built by `kubectl kustomize`, and there is no kubectl in {paths.BIN} or the PATH"
        raise ProviderError(message)
    try:
        result = subprocess.run(
            [kubectl, "kustomize", directory], capture_output=True, text=True, timeout=KUSTOMIZE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        message = f"`kubectl kustomize {directory}` took longer than {KUSTOMIZE_SECONDS} s"
        raise ProviderError(message) from None
    if result.returncode:
        message = f"`kubectl kustomize {directory}` failed: {result.stderr.strip()}"
        raise ProviderError(message)
    return parse(result.stdout)


def parse(text: str) -> list[Any]:
    """The documents of a YAML text as Kubernetes reads them: JSON values only, a date is text."""
    import yaml  # noqa: PLC0415 - slow to import, and few programs decode YAML

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class JsonLoader(base):  # type: ignore[misc]  # the base is chosen at run time
        yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own attribute
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":value"))]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

    try:
        documents = list(yaml.load_all(text, Loader=JsonLoader))
    except yaml.YAMLError as error:
        message = f"the YAML cannot be read: {error}"
        raise ProviderError(message) from None
    return [document for document in documents if document]


INVOKES: Final[Mapping[str, Callable[[Mapping[str, Any]], list[Any]]]] = {
    "kubernetes:yaml:decode": decode_yaml,
    "kubernetes:kustomize:directory": build_kustomization,
}
