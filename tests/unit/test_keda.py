"""KEDA's own manifests, as the platform narrows them."""

from collections.abc import Iterator, Sequence

from .conftest import Manifest, Program


def properties(schema: Manifest, path: str = "") -> Iterator[str]:
    """The path of each property of a schema, lists and maps included."""
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from properties(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from properties(schema[key], f"{path}[{key}]")


def schemas(spec: Manifest) -> list[Manifest]:
    return [version["schema"]["openAPIV3Schema"] for version in spec["versions"]]


def test_every_manifest_of_keda_is_deployed(program: Program, keda_manifests: Sequence[Manifest]) -> None:
    for manifest in keda_manifests:
        metadata = manifest["metadata"]
        program.one(manifest["kind"], metadata["name"], metadata.get("namespace"))


def test_the_definitions_keep_every_property_without_the_descriptions(
    program: Program, keda_manifests: Sequence[Manifest]
) -> None:
    originals = [manifest for manifest in keda_manifests if manifest["kind"] == "CustomResourceDefinition"]
    assert originals
    for original in originals:
        deployed = program.one("CustomResourceDefinition", original["metadata"]["name"])
        for before, after in zip(schemas(original["spec"]), schemas(deployed.inputs["spec"]), strict=True):
            assert set(properties(after)) == set(properties(before))
            assert len(str(after)) < len(str(before))


def test_the_operator_watches_the_runtime_s_namespace_only(program: Program) -> None:
    for name in ("keda-operator", "keda-metrics-apiserver"):
        (container,) = program.one("Deployment", name).inputs["spec"]["template"]["spec"]["containers"]
        assert {"name": "WATCH_NAMESPACE", "value": "patchbay-runtime"} in container["env"]
        assert container["imagePullPolicy"] == "IfNotPresent"


def test_the_operator_may_scale_deployments_and_nothing_else(program: Program) -> None:
    rules = program.one("ClusterRole", "keda-operator").inputs["rules"]
    scaled = [rule for rule in rules if any(resource.endswith("/scale") for resource in rule["resources"])]
    assert [(rule["apiGroups"], rule["resources"]) for rule in scaled] == [(["apps"], ["deployments/scale"])]
    assert not any("*" in rule["resources"] for rule in rules)
