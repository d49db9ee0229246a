"""Instance types by what they have instead of by name, out of moto's copy of AWS's own table."""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES

from patchbay_standins.aws.operations.ec2.service import SERVICE
from patchbay_standins.aws.service import Call, Result

Described = Mapping[str, Any]

_MANUFACTURERS: Final = {"AWS": "amazon-web-services", "AMD": "amd", "Intel": "intel", "Apple": "apple"}
_PRICES: Final = frozenset(
    # Moto's table has no prices, so no type is too dear.
    {
        "SpotMaxPricePercentageOverLowestPrice",
        "OnDemandMaxPricePercentageOverLowestPrice",
        "MaxSpotPriceAsPercentageOfOptimalOnDemandPrice",
    }
)


def matching_types(
    region: str, requirements: Described, architectures: Sequence[str] = (), virtualizations: Sequence[str] = ()
) -> list[str]:
    """The types of a region that meet all requirements, the smallest first.

    NotImplementedError for a requirement that is not known here: it would be met by every type.
    """
    unknown = set(requirements) - set(_CHECKS) - _PRICES
    if unknown:
        raise NotImplementedError(f"InstanceRequirements of {', '.join(sorted(unknown))}")
    wanted = {**_DEFAULTS, **requirements}
    offered = {str(offer["InstanceType"]) for offer in INSTANCE_TYPE_OFFERINGS["region"].get(region, ())}
    found = [
        kind
        for kind in (INSTANCE_TYPES[name] for name in offered if name in INSTANCE_TYPES)
        if _overlap(architectures, kind["ProcessorInfo"]["SupportedArchitectures"])
        and _overlap(virtualizations, kind["SupportedVirtualizationTypes"])
        and all(_CHECKS[name](kind, value) for name, value in wanted.items() if name in _CHECKS)
    ]
    found.sort(key=lambda kind: (_cpus(kind), _memory(kind), kind["InstanceType"]))
    return [kind["InstanceType"] for kind in found]


@SERVICE.operation("GetInstanceTypesFromInstanceRequirements")
def get_instance_types_from_instance_requirements(call: Call) -> Result:
    found = matching_types(
        call.region, call["InstanceRequirements"], call["ArchitectureTypes"], call["VirtualizationTypes"]
    )
    first = int(call.get("NextToken") or 0)
    last = first + int(call.get("MaxResults", 1000))
    page = {"InstanceTypes": [{"InstanceType": name} for name in found[first:last]]}
    return page | ({"NextToken": str(last)} if last < len(found) else {})


def _cpus(kind: Described) -> int:
    return int(kind["VCpuInfo"]["DefaultVCpus"])


def _memory(kind: Described) -> int:
    return int(kind["MemoryInfo"]["SizeInMiB"])


def _within(value: float, limits: Described) -> bool:
    least, most = limits.get("Min"), limits.get("Max")
    return (least is None or value >= least) and (most is None or value <= most)


def _overlap(wanted: Sequence[str], has: Sequence[str]) -> bool:
    return not wanted or bool(set(wanted) & set(has))


def _named(kind: Described, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(kind["InstanceType"], pattern) for pattern in patterns)


def _allowed(has: object, wanted: str) -> bool:
    return {"included": True, "excluded": not has, "required": bool(has)}[wanted]


def _accelerators(kind: Described) -> int:
    return sum(
        int(device.get("Count", 0))
        for info, member in (("GpuInfo", "Gpus"), ("InferenceAcceleratorInfo", "Accelerators"), ("FpgaInfo", "Fpgas"))
        for device in kind.get(info, {}).get(member, ())
    )


def _generation(kind: Described, wanted: Sequence[str]) -> bool:
    return ("current" if kind.get("CurrentGeneration") else "previous") in wanted


_CHECKS: Final[Mapping[str, Callable[[Described, Any], bool]]] = {
    "VCpuCount": lambda kind, limits: _within(_cpus(kind), limits),
    "MemoryMiB": lambda kind, limits: _within(_memory(kind), limits),
    "MemoryGiBPerVCpu": lambda kind, limits: _within(_memory(kind) / 1024 / _cpus(kind), limits),
    "CpuManufacturers": lambda kind, names: _MANUFACTURERS.get(kind["ProcessorInfo"].get("Manufacturer", "")) in names,
    "ExcludedInstanceTypes": lambda kind, patterns: not _named(kind, patterns),
    "AllowedInstanceTypes": lambda kind, patterns: not patterns or _named(kind, patterns),
    "InstanceGenerations": _generation,
    "BareMetal": lambda kind, wanted: _allowed(kind.get("BareMetal"), wanted),
    "BurstablePerformance": lambda kind, wanted: _allowed(kind.get("BurstablePerformanceSupported"), wanted),
    "LocalStorage": lambda kind, wanted: _allowed(kind.get("InstanceStorageSupported"), wanted),
    "RequireHibernateSupport": lambda kind, wanted: not wanted or bool(kind.get("HibernationSupported")),
    "AcceleratorCount": lambda kind, limits: _within(_accelerators(kind), limits),
    "NetworkInterfaceCount": lambda kind, limits: _within(kind["NetworkInfo"]["MaximumNetworkInterfaces"], limits),
}
# What AWS takes where nothing is said.
_DEFAULTS: Final[Mapping[str, Any]] = {"BareMetal": "excluded", "BurstablePerformance": "excluded"}
