"""The engine's mocks for one component: what it would create, and what it hands out."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from patchbay_infra.context import Context
from pulumi.runtime.mocks import MockMonitor

Inputs = Mapping[str, Any]

ACCOUNT = "111122223333"
ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")
STAGING = Context("staging", "eu-central-1", ACCOUNT, ZONES, production=False, owner="platform", cost_center="0000")
PRODUCTION = Context(
    "production", "eu-central-1", ACCOUNT, ZONES, production=True, owner="platform", cost_center="0000"
)


@dataclass(frozen=True)
class Created:
    """One registered resource; `inputs` in camelCase, with references resolved to the mocked outputs.

    `after`: the Pulumi names of what has to be there first. `ignored`: inputs whose changes are none.
    """

    type: str
    name: str
    inputs: Inputs
    parent: str
    protect: bool
    delete_before_replace: bool
    after: frozenset[str]
    ignored: tuple[str, ...]

    @property
    def id(self) -> str:
        return mock_id(self.name)


@dataclass(frozen=True)
class Recorded:
    """Every resource of a program, and what the program returned, with outputs resolved."""

    resources: Sequence[Created]
    outputs: Mapping[str, Any]

    def of(self, token: str) -> list[Created]:
        """`token`: the end of the type, such as `ec2/vpc:Vpc`, or its last word, `Vpc`."""
        ends = (f":{token}", f"/{token}")
        return [one for one in self.resources if one.type.endswith(ends) or one.type == token]

    def one(self, token: str, name: str | None = None) -> Created:
        """The only resource of the type, or the only one of that Pulumi name."""
        found = [one for one in self.of(token) if name in {None, one.name}]
        names = [one.name for one in self.of(token)]
        assert len(found) == 1, f"{token} {name or ''}: {len(found)} instead of 1, of {names}"
        return found[0]

    def by_id(self, token: str, id_: str) -> Created:
        """Ids are unique by type, as Pulumi's names are."""
        found = [one for one in self.of(token) if one.id == id_]
        assert len(found) == 1, f"{token} {id_}: {len(found)} instead of 1"
        return found[0]


def mock_id(name: str) -> str:
    return f"{name}-id"


def mock_arn(name: str) -> str:
    return f"arn:aws:mock:eu-central-1:{ACCOUNT}:{name}"


class _Mocks(pulumi.runtime.Mocks):
    """Answers with the inputs, an `arn`, and what `outputs` adds for the type; `ids` instead of the names' own."""

    def __init__(self, outputs: Mapping[str, Mapping[str, Any]], ids: Mapping[str, str]) -> None:
        self._outputs, self._ids = outputs, ids

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        more = next((more for token, more in self._outputs.items() if args.typ.endswith(token)), {})
        own = next((id_ for token, id_ in self._ids.items() if args.typ.endswith(token)), None)
        return own or mock_id(args.name), {"arn": mock_arn(args.name), **args.inputs, **more}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        # An account without clusters: node groups' sizes are asked of EKS, and nothing else is.
        if args.token == "aws:eks/getClusters:getClusters":
            return {"names": []}, []
        # A lookup would tie the program to what happens to be in the account: components are told instead.
        raise AssertionError(f"{args.token} is called")


class _Monitor(MockMonitor):
    """Records, with each resource, the options that the mocks are not told."""

    def __init__(self, mocks: pulumi.runtime.Mocks) -> None:
        super().__init__(mocks)
        self.created: list[Created] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the name of the engine's call)
        inputs = pulumi.runtime.rpc.deserialize_properties(request.object)
        self.created.append(
            Created(
                request.type,
                request.name,
                inputs,
                request.parent,
                bool(request.protect),
                request.deleteBeforeReplace,
                frozenset(urn.rpartition("::")[2] for urn in request.dependencies),
                tuple(request.ignoreChanges),
            )
        )
        # The SDK leaves the mocks without types.
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


def record(
    program: Callable[[], Mapping[str, Any] | None],
    *,
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
    ids: Mapping[str, str] | None = None,
) -> Recorded:
    """Runs a program that creates components and may return outputs of theirs, by name.

    `outputs`, `ids`: by the end of a type's token, what AWS would add (camelCase) and make up. What the program raises
    is raised here.
    """
    returned: dict[str, Any] = {}

    def awaited() -> pulumi.Output[None]:
        return pulumi.Output.from_input(dict(program() or {})).apply(returned.update)

    monitor = _Monitor(_Mocks(outputs or {}, ids or {}))
    # Asynchronous tests that ran before leave the thread without the event loop that the SDK asks for.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        pulumi.runtime.set_mocks(monitor.mocks, project="patchbay", stack="test", preview=False, monitor=monitor)
        pulumi.runtime.test(awaited)()  # type: ignore[no-untyped-call]
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return Recorded([one for one in monitor.created if one.type != "pulumi:pulumi:Stack"], returned)
