"""KEDA, which scales shapes by Prometheus' answer."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import pulumi
from patchbay_config.model import Model
from pulumi_kubernetes.kustomize import Directory
from pydantic import Field

from patchbay_platform import namespaces

Manifest = dict[str, Any]


class KedaConfig(Model):
    """`kustomization`: KEDA's own `config/minimal`, as a directory or as the address of a tagged release."""

    kustomization: Annotated[str, Field(min_length=1)]


class Keda(pulumi.ComponentResource):
    """KEDA's own manifests, narrowed: images by digest, the runtime's namespace only, no right to read Secrets."""

    namespace: pulumi.Output[str]
    resources: pulumi.Output[list[pulumi.Resource]]

    def __init__(
        self,
        name: str,
        config: KedaConfig,
        *,
        operator_image: str,
        adapter_image: str,
        watched_namespace: pulumi.Input[str],
        node_labels: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("patchbay:platform:Keda", name, None, opts)
        images = {"keda-operator": operator_image, "keda-metrics-apiserver": adapter_image}

        def narrow(manifest: Manifest, _: pulumi.ResourceOptions) -> None:
            match manifest["kind"]:
                case "Namespace":
                    manifest["metadata"].setdefault("labels", {}).update(namespaces.RESTRICTED_LABELS)
                case "Deployment":
                    _narrow_deployment(manifest, images, watched_namespace)
                    manifest["spec"]["template"]["spec"].setdefault("nodeSelector", {}).update(node_labels)
                case "CustomResourceDefinition":
                    for version in manifest["spec"]["versions"]:
                        _drop_descriptions(version["schema"]["openAPIV3Schema"])
                case "ClusterRole" if manifest["metadata"]["name"] == "keda-operator":
                    manifest["rules"] = [_narrow_rule(rule) for rule in manifest["rules"]]

        directory = Directory(
            "manifests",
            directory=config.kustomization,
            transformations=[narrow],
            resource_prefix=name,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.resources = directory.resources.apply(lambda resources: list(resources.values()))
        self.namespace = self.resources.apply(lambda _: namespaces.KEDA)
        self.register_outputs({})


_FAST_READINESS: Final = {"initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 30}


def _narrow_deployment(manifest: Manifest, images: Mapping[str, str], watched_namespace: pulumi.Input[str]) -> None:
    for container in manifest["spec"]["template"]["spec"]["containers"]:
        container["image"] = images[container["name"]]
        container["imagePullPolicy"] = "IfNotPresent"
        container["resources"] = {
            "requests": {"cpu": "50m", "memory": "96Mi"},
            "limits": {"memory": "384Mi"},
        }
        container["readinessProbe"].update(_FAST_READINESS)
        for variable in container["env"]:
            if variable["name"] == "WATCH_NAMESPACE":
                variable["value"] = watched_namespace
            if reference := variable.get("valueFrom", {}).get("fieldRef"):
                # As in the runtime's own pods: the API server would fill it in.
                reference.setdefault("apiVersion", "v1")
        if container["name"] == "keda-operator":
            # The minimal installation has no admission webhook whose certificate could be kept.
            container["args"].append("--enable-webhook-patching=false")


def _drop_descriptions(schema: Manifest) -> None:
    """Only people read them, and they are 280 of the 397 kB that the engine would compare each time."""
    schema.pop("description", None)
    for child in schema.get("properties", {}).values():
        _drop_descriptions(child)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _drop_descriptions(schema[key])


def _narrow_rule(rule: Manifest) -> Manifest:
    """The rights that scaling Deployments by Prometheus needs, in place of those for every trigger and target."""
    resources = set(rule["resources"])
    if resources == {"*"}:
        return {**rule, "apiGroups": ["apps"], "resources": ["deployments"]}
    if resources == {"*/scale"}:
        return {**rule, "apiGroups": ["apps"], "resources": ["deployments/scale"]}
    return {**rule, "resources": sorted(resources - {"secrets"})}
