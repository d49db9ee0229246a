"""An environment's AWS: every component, and what each gets from the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from patchbay_infra.auditing.component import Auditing
from patchbay_infra.backups.component import Backups
from patchbay_infra.cache.component import Cache
from patchbay_infra.cluster.component import Cluster
from patchbay_infra.cluster.control_plane import DeliveryAccess
from patchbay_infra.cluster.workload_identity import Workload
from patchbay_infra.cluster.workload_rights import (
    RuntimeData,
    cloudwatch_metrics_rights,
    database_access_rights,
    runtime_rights,
)
from patchbay_infra.databases.component import Databases
from patchbay_infra.delivery.boundary import within
from patchbay_infra.delivery.component import Delivery
from patchbay_infra.delivery.scope import Outside
from patchbay_infra.edge.component import Edge
from patchbay_infra.encryption.keys import Keys
from patchbay_infra.images.component import Images
from patchbay_infra.network.component import Network
from patchbay_infra.objects.component import Objects
from patchbay_infra.platform_demands import PlatformDemands
from patchbay_infra.search.component import Search
from patchbay_infra.settings import InfraSettings
from patchbay_infra.tenant_secrets.component import TenantSecrets
from patchbay_infra.vpn.component import ClientVpn
from patchbay_infra.watching.component import Watching


@dataclass(frozen=True)
class Cell:
    """A cluster, and the cache that its tenants' processes queue in.

    `database_user`: as whom, and with which control schema, its runtime works on the database that all cells share.
    """

    cluster: Cluster
    cache: Cache
    database_user: str


@dataclass(frozen=True)
class PlatformWorkloads:
    """The platform's pods with rights in AWS, on every cluster.

    The flow runtime, what makes its database user, and what tells the alarms what AWS does not see.
    """

    runtime: Workload
    database_access: Workload
    cloudwatch_metrics: Workload


class Infra(pulumi.ComponentResource):
    """Everything that the platform runs on. `cells`: by the cluster's name in the config."""

    cells: Mapping[str, Cell]
    databases: Databases

    def __init__(
        self,
        name: str,
        settings: InfraSettings,
        *,
        workloads: PlatformWorkloads,
        demands: PlatformDemands,
        provider: aws.Provider,
    ) -> None:
        super().__init__("patchbay:infra:Infra", name, None, pulumi.ResourceOptions(providers=[provider]))
        self._settings, self._context, self._demands = settings, settings.context, demands
        context = self._context
        self._delivery = Delivery(
            "delivery",
            settings.delivery,
            context=context,
            outside=_outside(settings),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # A deployment may make roles within the boundary only.
        child = pulumi.ResourceOptions(parent=self, transformations=[within(self._delivery.boundary_arn)])
        self._child = child
        backups_account = settings.backups.other_account(context.account_id) if settings.backups else None
        self._keys = Keys("keys", context=context, backups_account=backups_account, opts=child)
        self._network = Network(
            "network", settings.network, context=context, logs_key_arn=self._keys.logs_arn, opts=child
        )
        self._operators: dict[str, pulumi.Input[str]] = {}
        self._way_in: list[pulumi.Resource] = [self._network]
        if settings.vpn is not None:
            vpn = ClientVpn(
                "vpn",
                settings.vpn,
                context=context,
                network=self._network,
                logs_key_arn=self._keys.logs_arn,
                opts=child,
            )
            self._operators["vpn"] = vpn.security_group_id
            self._way_in.append(vpn)
        self._images = Images("images", settings.images, context=context, opts=child)
        self._edge = Edge(
            "edge",
            settings.edge,
            context=context,
            network=self._network,
            clusters=settings.tenants,
            demands=demands,
            logs_key_arn=self._keys.logs_arn,
            opts=child,
        )
        self._delivery.place(
            zone_id=self._edge.zone_id, own_zone=settings.edge.zone_id is None, vpc_id=self._network.vpc_id
        )
        self._objects = Objects(
            "objects", settings.objects, context=context, data_key_arn=self._keys.data_arn, opts=child
        )
        tenants = [tenant for names in settings.tenants.values() for tenant in names]
        self._secrets = TenantSecrets(
            "secrets",
            settings.secrets,
            context=context,
            tenants=tenants,
            secrets_key_arn=self._keys.secrets_arn,
            opts=child,
        )
        self.cells = {key: self._cell(key) for key in settings.clusters}
        clients: dict[str, pulumi.Input[str]] = {
            key: cell.cluster.node_security_group_id for key, cell in self.cells.items()
        }
        if settings.vpn is not None and settings.vpn.reaches_data:
            clients |= self._operators
        self.databases = self._databases(clients)
        self._search = Search(
            "search",
            settings.search,
            context=context,
            network=self._network,
            data_key_arn=self._keys.data_arn,
            logs_key_arn=self._keys.logs_arn,
            clients=clients,
            opts=child,
        )
        for key in self.cells:
            self._grant(key, workloads)
        topic = self._watching().topic_arn
        self._guard(topic)
        self.outputs = self._outputs(topic)
        self.register_outputs(self.outputs)

    def beneath(self, key: str) -> Sequence[pulumi.Resource]:
        """What objects on a cluster live by: its nodes, their network, their identities, and the access to it.

        And the databases, whole: RDS makes no read copy of an instance that the Job which needs the master user
        changes.
        """
        return [self.cells[key].cluster, self.databases, *self._way_in]

    def _cell(self, key: str) -> Cell:
        cluster = Cluster(
            key,
            self._settings.clusters[key],
            context=self._context,
            network=self._network,
            key_arn=self._keys.cluster_arn,
            logs_key_arn=self._keys.logs_arn,
            gateway_target_group_arn=self._edge.target_group_arns[key],
            load_balancer_security_group_id=self._edge.security_group_id,
            operators=self._operators,
            demands=self._demands,
            delivery=DeliveryAccess(plan=self._delivery.plan_role_arn, apply=self._delivery.apply_role_arn),
            opts=self._child,
        )
        cache = Cache(
            key,
            self._settings.cache,
            context=self._context,
            network=self._network,
            data_key_arn=self._keys.data_arn,
            logs_key_arn=self._keys.logs_arn,
            clients={key: cluster.node_security_group_id},
            opts=self._child,
        )
        # With the environment: in a shared account IAM tells databases apart by this name only.
        return Cell(cluster, cache, f"patchbay_{self._context.environment}_{key.replace('-', '_')}")

    def _databases(self, clients: Mapping[str, pulumi.Input[str]]) -> Databases:
        return Databases(
            "databases",
            self._settings.databases,
            context=self._context,
            network=self._network,
            data_key_arn=self._keys.data_arn,
            logs_key_arn=self._keys.logs_arn,
            clients=clients,
            opts=self._child,
        )

    def _grant(self, key: str, workloads: PlatformWorkloads) -> None:
        cluster = self.cells[key].cluster
        cluster.grant(workloads.runtime, runtime_rights(self._runtime_data(key)))
        cluster.grant(workloads.database_access, database_access_rights(self.databases.writer_arn))
        cluster.grant(workloads.cloudwatch_metrics, cloudwatch_metrics_rights())

    def _runtime_data(self, key: str) -> RuntimeData:
        cell = self.cells[key]
        users = self._context.arn("rds-db", "dbuser:")
        return RuntimeData(
            database_user=pulumi.Output.concat(users, self.databases.writer_resource_id, "/", cell.database_user),
            cache=cell.cache.replication_group_arn,
            cache_user=cell.cache.user_arn,
        )

    def _watching(self) -> Watching:
        return Watching(
            "watching",
            self._settings.watching,
            context=self._context,
            writer_identifier=self.databases.writer_identifier,
            reader_identifier=self.databases.reader_identifier,
            caches={key: cell.cache.member_ids for key, cell in self.cells.items()},
            load_balancer_arn_suffix=self._edge.load_balancer_arn_suffix,
            target_group_arn_suffixes=self._edge.target_group_arn_suffixes,
            clusters={key: cell.cluster.cluster_name for key, cell in self.cells.items()},
            logs_key_arn=self._keys.logs_arn,
            events=self._settings.tells_of_events,
            opts=self._child,
        )

    def _guard(self, topic_arn: pulumi.Output[str]) -> None:
        """What an administrator alone changes: hence outside of the boundary of what a deployment makes."""
        Auditing(
            "auditing",
            self._settings.auditing,
            context=self._context,
            topic_arn=topic_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        if self._settings.backups is not None:
            Backups(
                "backups",
                self._settings.backups,
                context=self._context,
                data_key_arn=self._keys.data_arn,
                topic_arn=topic_arn,
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _outputs(self, topic_arn: pulumi.Output[str]) -> dict[str, pulumi.Input[object]]:
        """What an operator needs next."""
        addresses: Sequence[pulumi.Output[str]] = list(self._network.nat_addresses.values())
        return {
            "vpcId": self._network.vpc_id,
            # What tenants' own systems have to let in.
            "outgoingAddresses": addresses,
            "domain": self._edge.domain,
            "nameServers": self._edge.name_servers,
            "loadBalancer": self._edge.load_balancer_dns_name,
            "kubeconfigCommands": {key: cell.cluster.kubeconfig_command for key, cell in self.cells.items()},
            "caches": {key: cell.cache.address for key, cell in self.cells.items()},
            "databaseWriter": self.databases.writer_address,
            "databaseReader": self.databases.reader_address,
            "search": self._search.endpoint,
            "payloadBucket": self._objects.bucket_name,
            "tenantSecrets": self._secrets.path_prefix,
            "imageRegistry": self._images.registry,
            "planRole": self._delivery.plan_role_arn,
            "applyRole": self._delivery.apply_role_arn,
            "alarmTopic": topic_arn,
        }


def _outside(settings: InfraSettings) -> Outside:
    """What the config names, and the environment does not make."""
    copies, vpn = settings.databases.cross_region, settings.vpn
    backup_key = copies.kms_key_arn if copies else None
    named = (backup_key, *((vpn.server_certificate_arn, vpn.client_root_certificate_arn) if vpn else ()))
    return Outside(
        backup_key=backup_key,
        scans=settings.images.registry_scanning != "none",
        kept=tuple(arn for arn in named if arn),
    )
