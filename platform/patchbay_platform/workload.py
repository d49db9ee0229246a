"""The objects of one workload: named alike in Kubernetes, and after their component in the program."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

import pulumi
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    ConfigMapVolumeSourceArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    Service,
    ServiceAccount,
    ServicePortArgs,
    ServiceSpecArgs,
    VolumeArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from patchbay_platform import pods
from patchbay_platform.endpoint import Endpoint, of_service
from patchbay_platform.placement import Placement


class NativeFiles:
    """A ConfigMap of native configuration files, and the checksum that rolls the pods which read it."""

    def __init__(self, resource: ConfigMap, name: str, files: Mapping[str, str]) -> None:
        self.dependency = resource
        self._name = name
        content = "\0".join(f"{file}\0{text}" for file, text in sorted(files.items()))
        self.checksum = {"patchbay.dev/config-checksum": hashlib.sha256(content.encode()).hexdigest()}

    def volume(self, name: str = "config") -> VolumeArgs:
        return VolumeArgs(name=name, config_map=ConfigMapVolumeSourceArgs(name=self._name))


class Workload:
    """A workload's place, labels and name.

    In the program its objects bear the component's name, which starts with the platform's: platforms on several
    clusters hold the same objects.
    """

    def __init__(
        self,
        component: pulumi.ComponentResource,
        name: str,
        placement: Placement,
        *,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self.component = component
        self.name = name
        self.placement = placement
        self.labels = dict(labels or pods.labels(name))
        self.selector = LabelSelectorArgs(match_labels=self.labels)

    @property
    def resource_name(self) -> str:
        return self.component.pulumi_resource_name

    def options(
        self,
        depends_on: pulumi.Input[Sequence[pulumi.Resource]] = (),
        *,
        timeouts: pulumi.CustomTimeouts | None = None,
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self.component,
            depends_on=pulumi.Output.from_input(depends_on).apply(list) if depends_on else None,
            custom_timeouts=timeouts,
        )

    def metadata(self, name: str | None = None) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name or self.name, namespace=self.placement.namespace, labels=self.labels)

    def cluster_wide(self) -> ObjectMetaArgs:
        """Of an object in no namespace, whose name may not be another program's."""
        return ObjectMetaArgs(name=f"patchbay-{self.name}", labels=self.labels)

    def metadata_of_one_run(self) -> ObjectMetaArgs:
        """For a Job, whose template cannot be changed: it is replaced, and Pulumi gives the new one a name of its own.

        Of the same name, the old one would have to go first, and before it all that needs what it has made: Pulumi
        deletes them too, so that an update of the runtime's image would take the data stores and the API away.
        """
        return ObjectMetaArgs(namespace=self.placement.namespace, labels=self.labels)

    def account(self) -> ServiceAccount:
        """No pod gets a token of it unless its pod spec asks for one."""
        return ServiceAccount(
            self.resource_name,
            metadata=ObjectMetaArgs(name=self.name, namespace=self.placement.namespace, labels=pods.labels(self.name)),
            automount_service_account_token=False,
            opts=self.options(),
        )

    def disruption_budget(self) -> PodDisruptionBudget:
        """One pod at a time may be evicted, so that nodes can be drained even where a workload has one pod."""
        return PodDisruptionBudget(
            self.resource_name,
            metadata=self.metadata(),
            spec=PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=self.selector),
            opts=self.options(),
        )

    def native_files(self, files: Mapping[str, str]) -> NativeFiles:
        resource = ConfigMap(
            self.resource_name,
            metadata=ObjectMetaArgs(name=self.name, namespace=self.placement.namespace),
            data=dict(files),
            opts=self.options(),
        )
        return NativeFiles(resource, self.name, files)

    def service(
        self,
        *ports: ServicePortArgs,
        suffix: str = "",
        type: Literal["ClusterIP", "NodePort", "Headless"] = "ClusterIP",  # noqa: A002 - as Kubernetes names it
        external_traffic_policy: Literal["Local"] | None = None,
        unready: bool = False,
    ) -> Service:
        """A name for the pods. `Headless`: it resolves to the address of each ready pod; with `unready`, of each."""
        spec = ServiceSpecArgs(
            selector=self.labels,
            ports=list(ports),
            external_traffic_policy=external_traffic_policy,
            publish_not_ready_addresses=unready or None,
        )
        if type == "Headless":
            spec.cluster_ip = "None"
        else:
            spec.type = type
        metadata = self.metadata(self.name + suffix)
        # What depends on the pods waits for their Deployment; a Service that waited for them as well would hold one of
        # the engine's few places meanwhile.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        return Service(self.resource_name + suffix, metadata=metadata, spec=spec, opts=self.options())

    def template(
        self, account: ServiceAccount, spec: PodSpecArgs, *, annotations: Mapping[str, str] | None = None
    ) -> PodTemplateSpecArgs:
        """The workload's pod, as the `restricted` level wants it, under its account and where its placement says."""
        spec.service_account_name = account.metadata.name
        spec.priority_class_name = self.placement.priority_class
        spec.node_selector = dict(self.placement.node_labels) or None
        spec.tolerations = list(self.placement.tolerations) or None
        return pods.template(self.labels, spec, annotations=annotations)

    def endpoint(self, server: pulumi.Output[str], port: int) -> pulumi.Output[Endpoint]:
        """`server`: the name of what serves it, an output, so that users of the endpoint wait for it."""
        return of_service(server, self.placement.namespace, port)
