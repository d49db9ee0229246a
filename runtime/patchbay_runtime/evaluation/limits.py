"""What the expressions of one step may take, all together."""

from typing import Final

PROCESSOR_SECONDS: Final = 1.0
"""Kept by the kernel, so in the midst of a function of the engine too."""
READING_SECONDS: Final = 5.0
"""Likewise, for reading all expressions of a flow. Those of the largest document take about three."""
WALL_SECONDS: Final = 15.0
"""From the question to the last answer. Only a machine that has no processor to spare comes near."""
MEMORY_BYTES: Final = 64 * 2**20
"""Beyond what an evaluation process has before its first step."""
OUTPUT_BYTES: Final = 2**20
"""Of the values' JSON text: what a process may hand on (`storage.payloads`)."""
LONGEST_TEXT: Final = 4096
"""Characters of a fault's text, which may quote the expression, and `$error` what it was given."""
LONGEST_FAULT: Final = 5 * LONGEST_TEXT
"""Bytes of a fault's code and text."""
MOST_FAULTS: Final = 100
"""Faulty expressions of one flow that are told."""
LONGEST_STACK: Final = 300
"""Depth of evaluation; each level takes a few Python frames, and the interpreter's own stack ends well above this."""

AT_ONCE: Final = 2
"""Evaluations at one time in a worker. With the worker itself they stay within the 256 MiB of a pod."""
TURN_SECONDS: Final = 15.0
"""For which a step waits until fewer of its tenant's, and of all, are evaluated."""
MOST_WAITING: Final = 64
"""Steps of a tenant that are evaluated or wait for it in a program. A worker has eight in hand."""
MOST_IDLE: Final = 6
"""Processes that are kept for the next step of their tenant; each has 3 MiB to itself."""
RETIRED_BYTES: Final = 8 * 2**20
"""A process that once took this much more than at its start is not kept: memory seldom goes back to the machine."""

ENDED: Final = {
    "processor": (
        "expression_processor_time",
        f"the step's expressions take more than {PROCESSOR_SECONDS:g} s of processor time",
    ),
    "wall": ("expression_wall_time", f"the step's expressions take more than {WALL_SECONDS:g} s"),
    "memory": ("expression_memory", f"the step's expressions need more than {MEMORY_BYTES // 2**20} MiB of memory"),
    "output": (
        "expression_output_size",
        f"the values of the step's expressions exceed {OUTPUT_BYTES // 2**20} MiB of JSON",
    ),
}
"""Limit -> the code and the message of the fault."""
LOST: Final = "evaluation_lost"
"""The code of what the expression has no part in."""
