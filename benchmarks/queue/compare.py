"""Compare the queues: `python -m benchmarks.queue.compare [candidate...]`, from the repository's root.

Needs `redis-server` and `requirements.in`. Prints a Markdown table of figures, a row for each; about five minutes.
"""

import platform
import subprocess
import sys
import time
from importlib.metadata import version

import psutil

from benchmarks.queue.candidates import CANDIDATES
from benchmarks.queue.scenarios import SCENARIOS, Figures


def main() -> None:
    candidates = sys.argv[1:] or list(CANDIDATES)
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for candidate in candidates:
        for scenario in SCENARIOS:
            began = time.monotonic()
            figures: Figures = scenario(candidate)
            print(f"{candidate} {scenario.__name__}: {figures} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
            for name, value in figures.items():
                rows.setdefault((scenario.__name__, name), {})[candidate] = value
    print(f"| measured | {' | '.join(candidates)} |")
    print(f"| --- |{' --- |' * len(candidates)}")
    for (scenario_name, name), values in rows.items():
        cells = " | ".join(str(values.get(candidate, "")) for candidate in candidates)
        print(f"| {scenario_name}: {name.replace('_', ' ')} | {cells} |")
    redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    libraries = ", ".join(f"{name} {version(name)}" for name in ("dramatiq", "streaq", "coredis", "redis"))
    memory, load = psutil.virtual_memory().total / 2**30, psutil.getloadavg()[0]
    print(
        f"\n{psutil.cpu_count()} cores, {memory:.0f} GiB, load {load:.1f}; Linux {platform.release()}, "
        f"Python {platform.python_version()}, Redis {redis}, {libraries}"
    )


if __name__ == "__main__":
    main()
