"""`python -m tests.runtime.oracle_program`: has schemathesis ask as the questions on stdin say; its verdict on stdout.

A process for each caller: schemathesis keeps requests with their headers for whoever asks by the same document next.
"""

import json
import sys
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from schemathesis import GenerationMode, openapi
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.runtime.oracle import Answer, Fault, Questions, Verdict


def main() -> None:
    """Ask, and tell."""
    questions: Questions = json.load(sys.stdin)
    verdict = Verdict(answers=[], faults=[])
    schema = openapi.from_dict(_with_examples(questions), config=_config(questions))
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                verdict["answers"] += _answers(event.recorder)
                verdict["faults"] += _faults(event.recorder)
            case events.NonFatalError():
                verdict["faults"].append(Fault(route=event.label, check="error", text=str(event.value)))
            case events.FatalError():
                raise event.exception
    json.dump(verdict, sys.stdout)


def _config(questions: Questions) -> SchemathesisConfig:
    # What is learned from answers has identifiers in it, which differ each time, and leads to the caller's own key.
    phase = {"extra-data-sources": {"responses": False}}
    generation = {"mode": "all", "deterministic": True, "database": "none", "no-shrink": True}
    return SchemathesisConfig.from_dict(
        {
            "base-url": questions["url"],
            "headers": questions["headers"],
            "seed": 1,
            "workers": 1,
            "continue-on-failure": True,
            "request-timeout": 4 * questions["longest_seconds"],
            "warnings": False,
            "cache": {"enabled": False},
            "suppress-health-check": ["all"],
            "generation": {**generation, "max-examples": questions["examples"]},
            "checks": {"max_response_time": questions["longest_seconds"]},
            "phases": {
                "coverage": {**phase, "enabled": questions["covering"], "unexpected-methods": ["OPTIONS", "PATCH"]},
                "fuzzing": phase,
                "stateful": {"enabled": False},
            },
            "dictionaries": {name: {"values": values} for name, values in questions["names"].items()},
            "parameters": {name: {"dictionary": name, "probability": 0.9} for name in questions["names"]},
            "operations": [
                {"include-name": route, "checks": {"positive_data_acceptance": {"enabled": False}}}
                for route in questions["pickier"]
            ],
        }
    )


def _with_examples(questions: Questions) -> dict[str, Any]:
    """The document; what is tried before anything is drawn takes examples, not dictionaries."""
    document = deepcopy(questions["document"])
    for operation in (one for methods in document["paths"].values() for one in methods.values()):
        for parameter in operation.get("parameters", ()):
            values = questions["names"].get(f"{parameter['in']}.{parameter['name']}")
            if values:
                parameter["examples"] = {str(value): {"value": value} for value in values}
    return document


def _answers(recorder: ScenarioRecorder) -> Iterator[Answer]:
    for case, interaction in recorder.interactions.items():
        asked = recorder.cases[case].value
        yield Answer(
            route=f"{asked.method.upper()} {asked.path}",
            valid=asked.meta is None or asked.meta.generation.mode is GenerationMode.POSITIVE,
            status=0 if interaction.response is None else interaction.response.status_code,
        )


def _faults(recorder: ScenarioRecorder) -> Iterator[Fault]:
    for check in (one for checks in recorder.checks.values() for one in checks):
        if check.failure_info is not None:
            text = f"{check.failure_info.failure}\n{check.failure_info.code_sample}"
            yield Fault(route=recorder.label, check=check.name, text=text)


if __name__ == "__main__":
    main()
