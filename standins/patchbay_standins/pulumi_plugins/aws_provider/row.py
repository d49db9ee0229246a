"""The table's format: a `Row` tells which API calls make, read, change and delete a resource of one type.

How to add a type
-----------------
1. `rows/<service>.py` exports `ROWS: tuple[Row, ...]`; `rows/__init__.py` lists the module in `MODULES`.
2. Write the row; `tests/standins/pulumi_plugins/aws/test_table.py` checks it against botocore's models and the SDK:
   its operations, parameters and properties exist.

    Row(
        "aws:ec2/internetGateway:InternetGateway", "ec2",
        create=Call("create_internet_gateway", at="InternetGateway"),
        id="{InternetGatewayId}",
        read=Call("describe_internet_gateways", {"InternetGatewayIds": ["{id}"]}, at="InternetGateways[0]"),
        updates=(Update(("vpcId",), _attach),),
        delete=_detach_and_delete,
        fields=(Field("vpcId", read="Attachments[0].VpcId"),),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:internet-gateway/{id}"},
        tags=ec2_tags("internet-gateway"),
    )

What happens by itself
----------------------
- **Names.** A pulumi property `vpcId` is the member `VpcId`, `vpcId`, `VPC_ID`, ... of a request or an answer: case,
  `_` and `-` do not count, nor does a plural `s` where nothing fits better. Nested members likewise. Values are
  converted to the type of the botocore shape (a number where pulumi has a string; `{"Value": x}` around a lone value)
  and back to the type of the SDK. What does not fit this has a `Field`.
- **Requests.** `create` and `updates` get every input whose name the operation's request has, beside `Call.parameters`,
  which win. `read`, `delete` and tag calls get only `Call.parameters` and the members that the operation requires.
- **Inputs that nothing applies are refused** when the program is checked: an input must have a member in the request of
  `create` or of an update that covers it, be used by a template, or be listed in `handles` (by a function) or
  `options`, or covered by an `Update`. Nested keys likewise. So are required members that nothing fills.
- **Updates.** A changed property that an `Update` covers is updated by it; `tags` by the tag calls; any other change
  replaces the resource (deleted first if `Row.name` is unchanged, as two cannot have the same name). Updates that cover
  an input which `create` does not apply run after `create` too, and once more where that was interrupted: they must
  bear being repeated.
- **A removed input**: where AWS decides the value (the SDK's output is not Optional) nothing happens; where the old
  value is `Field.default` neither; otherwise `Field.default` (or nothing, if there is none) is sent by the update, or
  the resource is replaced.
- **Nested properties** in `Row.fixed` (`launchTemplate.id`) replace, though an `Update` covers what they are part of.
  Where it depends on the values, `Row.replaced` tells the inputs that a change cannot update.
- **Read** gives outputs and, by comparison with the inputs, drift. Every row must be readable by its id alone (an
  import, the recovery of a killed update): with `id="{role}:{name}"` the properties `role` and `name` are parsed from
  the id; where that is not enough, `parse` does it, or `read` is a function that searches.
- A read that finds nothing (`at` gives null, or an error whose code has NotFound, NoSuch, DoesNotExist or is in
  `Row.missing`) means that the resource is gone; so does a state in `Ready.gone`.
- Deletion: not found is done; "in use" errors (DependencyViolation, DeleteConflict, InUse, ... and `Row.busy`) are
  tried again until a deadline.
- **Errors** of a function: raise `ProviderError(text)`; AwsError passes.
- **Previews** call nothing. Outputs that AWS decides are unknown in them; `Row.volatile` names those that an update
  changes too.

Templates
---------
A string in `parameters`, `id` or `outputs` may hold `{name}`: in `id` a member of the create call's answer (after `at`)
or a property; elsewhere a property, `id`, `region` or `account`; in `outputs` also a member of the read's answer. A
template that is only `{name}` keeps the value's type; one whose value is missing leaves the parameter (the output) out.
`at` and `Field.read` are JMESPath, in which `{name}` (without quotes of its own) stands for a property's text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from patchbay_standins.pulumi_plugins.aws_provider.resource import Resource, Values

Function = Callable[[Resource], Values | None]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """An operation of an AWS service, by its boto3 name (`create_vpc`), and where the object lies in its answer.

    `omit` names properties that are not sent although the request has a member of that name; `only`, where not empty,
    the only ones that are. `service` is set where it is not the row's.
    """

    operation: str
    parameters: Values = field(default_factory=dict)
    at: str = "@"
    omit: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    service: str = ""


Step = Call | Function


@dataclass(frozen=True, slots=True)
class Update:
    """What applies changes of the properties it `covers`, in one call.

    `each`: one call for every changed property, with no other (AWS' `Modify...Attribute` operations).
    """

    covers: tuple[str, ...]
    step: Step
    each: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A state to wait for: a JMESPath into the read's answer, and what it must give.

    After a create or an update the wait ends when the state is in `done`, and fails when it is in `failed`. A resource
    in a state in `gone` does not exist any more.
    """

    at: str
    done: tuple[Any, ...]
    failed: tuple[Any, ...] = ()
    gone: tuple[Any, ...] = ()
    reason: str = ""  # JMESPath of the cause of a failure


@dataclass(frozen=True, slots=True)
class Field:
    """A property whose name or value differs in AWS.

    `aws`: member of requests and answers, dotted for a nested one or for a key of a map; "" for
    none. `read`: JMESPath into the read's
    answer, where that differs; "" where AWS does not tell (the input is kept). `names`: other names of nested members,
    by their dotted path below the property (no indices): `{"redirect": "RedirectConfig"}`. `encode` and `decode`
    convert the whole value, and replace the conversion by name. `normal` gives the form in which two values are
    compared (JSON documents, case, trailing dots, order). `default`: what AWS has where the property is left out.
    """

    name: str
    aws: str | None = None
    read: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    encode: Callable[[Any], Any] | None = None
    decode: Callable[[Any], Any] | None = None
    normal: Callable[[Any], Any] | None = None
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """How a type takes `tags`; lists of keys and values, and maps, are told apart by the operations' models.

    `create`: member of the create request ("" where only the tag call tags). `specification`: the resource type in
    EC2's TagSpecifications. `write` replaces `tag` and `untag` where a service sets all tags at once; its function gets
    the resource and all tags. `read` is set where the row's read does not tell the tags; `at` is where they lie.
    """

    create: str = "Tags"
    specification: str = ""
    tag: Call | None = None
    untag: Call | None = None
    write: Callable[[Resource, Mapping[str, str]], None] | None = None
    read: Call | None = None
    at: str = "Tags || tags || TagList || TagSet"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A resource type; see the module's docstring.

    `reads` are further calls whose answers (objects) are merged into that of `read`. `handles` names the inputs that
    functions apply, `options` those that need no call (how to delete: `forceDestroy`). `name` is the property that AWS
    wants unique. `required` names inputs that the stand-in needs beyond what SDK and API require. `defaults` are inputs
    that the provider sends where the program leaves them out. `fixed` names parts of updatable inputs, dotted and
    without indices, whose change replaces; `replaced` gets the old and the new inputs, and tells which of them replace.
    """

    token: str
    service: str
    create: Step
    id: str
    read: Step
    delete: Step | None = None
    updates: tuple[Update, ...] = ()
    fields: tuple[Field, ...] = ()
    outputs: Mapping[str, str | Callable[[Resource, Values], Any]] = field(default_factory=dict)
    reads: tuple[Call, ...] = ()
    tags: Tags | None = None
    ready: Ready | None = None
    handles: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    name: str = "name"
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    volatile: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    replaced: Callable[[Values, Values], Iterable[str]] | None = None
    missing: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    parse: Callable[[str], Values] | None = None

    def field(self, name: str) -> Field:
        """The field of a property."""
        return next((item for item in self.fields if item.name == name), Field(name))
