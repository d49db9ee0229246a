"""A deployment in the middle of load."""

from patchbay_loadtests.faults.catalogue.fault import Fault
from patchbay_loadtests.faults.flows import SHAPES
from patchbay_loadtests.faults.machine.images import another_digest
from patchbay_loadtests.faults.stage import Document, Stage, workload

_ROLLOUT_SECONDS = 240


class Deploy(Fault):
    """API and workers get another image, and then the former one back."""

    name = "deploy"
    question = "a new image is deployed under load, and taken back: does anybody notice?"
    alert = "RolloutInProgress"
    recovery_limit_seconds = 180
    usual_seconds = 120

    async def inject(self, stage: Stage) -> None:
        namespace = stage.options.namespace
        targets = ["api", *(f"shape-{shape}" for shape in SHAPES)]
        images: dict[str, str] = {}
        changes: dict[str, Document] = {}
        for name in targets:
            containers = (await stage.cluster.deployment(namespace, name))["spec"]["template"]["spec"]["containers"]
            image = str(containers[0]["image"])
            images[image] = images.get(image) or await another_digest(image)
            changed = [{**containers[0], "image": images[image]}, *containers[1:]]
            changes[workload(namespace, "deployments", name)] = {
                "spec": {"template": {"spec": {"containers": changed}}}
            }
        await stage.change(changes)
        for name in targets:
            await stage.kubectl(
                *("-n", namespace, "rollout", "status", f"deployment/{name}", f"--timeout={_ROLLOUT_SECONDS}s"),
                seconds=_ROLLOUT_SECONDS + 15,
            )
            if self.shown is None:
                self.shows()
        self.notes.append(f"deployed {', '.join(targets)} as {', '.join(images.values())}")
