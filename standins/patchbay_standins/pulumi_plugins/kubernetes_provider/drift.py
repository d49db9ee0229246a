"""What of a program's inputs differs from the live object, for refresh."""

from typing import Any

from patchbay_standins.pulumi_plugins.plugin.properties import Secret

# By which member the API server identifies the elements of its lists.
MERGE_KEYS = ("name", "key", "containerPort", "port", "mountPath", "ip", "topologyKey", "type", "uid")


def refreshed_inputs(inputs: Any, wanted: Any, live: Any) -> Any:
    """The inputs with the live values where these differ from what applying the inputs would give.

    `wanted` is the result of applying the inputs in a dry run: the API server rewrites values (`1000m` becomes `1`),
    so the inputs cannot be compared with the live object themselves.
    """
    if isinstance(inputs, Secret):
        value = refreshed_inputs(inputs.value, wanted, live)
        return inputs if value == inputs.value else Secret(value)
    if wanted == live:
        return inputs
    if isinstance(inputs, dict) and isinstance(wanted, dict) and isinstance(live, dict):
        return {
            key: refreshed_inputs(value, wanted.get(key), live.get(key))
            for key, value in inputs.items()
            if key in live or key not in wanted
        }
    if isinstance(inputs, list) and isinstance(wanted, list) and isinstance(live, list):
        return _refreshed_list(inputs, wanted, live)
    return live


def _refreshed_list(inputs: list[Any], wanted: list[Any], live: list[Any]) -> list[Any]:
    key = next((name for name in MERGE_KEYS if _identifies(name, inputs)), None)
    if key is None or not (_identifies(key, wanted) and _identifies(key, live)):
        return live
    wanted_by, live_by = ({item[key]: item for item in items} for items in (wanted, live))
    return [
        refreshed_inputs(item, wanted_by.get(item[key]), live_by[item[key]]) for item in inputs if item[key] in live_by
    ]


def _identifies(key: str, items: list[Any]) -> bool:
    if not all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items):
        return False
    return len({item[key] for item in items}) == len(items)
