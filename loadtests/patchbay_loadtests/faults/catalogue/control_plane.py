"""The cluster's control plane does not answer."""

import signal

from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.machine.leftovers import Stopped, new_record
from patchbay_loadtests.faults.machine.nodes import API_SERVER, control_plane_process
from patchbay_loadtests.faults.stage import Stage


class ApiServerAway(Fault):
    """It hangs, which is worse than being gone: nobody is refused, everybody waits."""

    name = "api-server-away"
    question = "the API server hangs for 30 s: do runs go on without it?"
    alert = "ApiServerUnreachable"
    also_fires = ("ClusterAutoscalerDown", "KedaDown")
    hold_seconds = 30
    usual_seconds = 80

    async def inject(self, stage: Stage) -> None:
        process = control_plane_process(API_SERVER)
        await stage.keep(Stopped(record=new_record(stage.options.state), process=process))
        process.send(signal.SIGSTOP)
        self.notes.append("stopped the API server's process")
