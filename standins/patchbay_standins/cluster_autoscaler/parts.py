"""What the program is made of, put together from its options."""

from dataclasses import dataclass

from lightkube import Client

from patchbay_standins.cluster_autoscaler.aws.actions import Actions
from patchbay_standins.cluster_autoscaler.aws.clients import Clients, read_overrides
from patchbay_standins.cluster_autoscaler.aws.groups import Groups
from patchbay_standins.cluster_autoscaler.aws.instance_types import InstanceTypes
from patchbay_standins.cluster_autoscaler.aws.templates import Templates
from patchbay_standins.cluster_autoscaler.backoff import Backoff
from patchbay_standins.cluster_autoscaler.capacity import Capacity
from patchbay_standins.cluster_autoscaler.cloud import Cloud
from patchbay_standins.cluster_autoscaler.drain import Drain
from patchbay_standins.cluster_autoscaler.expander import Expander
from patchbay_standins.cluster_autoscaler.flags import Options
from patchbay_standins.cluster_autoscaler.kube.events import Events
from patchbay_standins.cluster_autoscaler.kube.node_marks import NodeMarks
from patchbay_standins.cluster_autoscaler.kube.reading import Reader
from patchbay_standins.cluster_autoscaler.metrics import Metrics
from patchbay_standins.cluster_autoscaler.priorities import Priorities
from patchbay_standins.cluster_autoscaler.sample_nodes import SampleNodes
from patchbay_standins.cluster_autoscaler.server import Health
from patchbay_standins.cluster_autoscaler.status import Status


@dataclass(frozen=True)
class Parts:
    options: Options
    metrics: Metrics
    health: Health
    reader: Reader
    cloud: Cloud
    samples: SampleNodes
    expander: Expander
    backoff: Backoff
    capacity: Capacity
    marks: NodeMarks
    events: Events
    drain: Drain
    status: Status


def assemble(options: Options, client: Client, metrics: Metrics, health: Health) -> Parts:
    """Raises ValueError where the flags or the cloud configuration are wrong."""
    clients = Clients(read_overrides(options.cloud_config), options.user_agent)
    actions = Actions(clients)
    types = InstanceTypes(clients, static=options.aws_use_static_instance_list)
    events = Events(client, options.namespace, options.status_config_map_name)
    backoff = Backoff(options)
    marks = NodeMarks(client, cordon=options.cordon_node_before_terminating)
    reader = Reader(client)
    return Parts(
        options=options,
        metrics=metrics,
        health=health,
        reader=reader,
        cloud=Cloud(Groups(clients, options.node_group_auto_discovery, options.nodes)),
        samples=SampleNodes(Templates(clients, types), options),
        expander=Expander(options.expander, Priorities(client, events, options.namespace).best),
        backoff=backoff,
        capacity=Capacity(actions, backoff, events, metrics, options),
        marks=marks,
        events=events,
        drain=Drain(
            client=client,
            actions=actions,
            marks=marks,
            events=events,
            metrics=metrics,
            options=options,
            pods_on=reader.pods_on,
        ),
        status=Status(client, options.namespace, options.status_config_map_name),
    )
