"""The shapes, one module each: `SHAPE` (catalogue entry), `Config` (a step's settings) and `execute`.

Optional: `retry_policy(config)` where the step's settings say how it is retried, `targets(config)` where they name the
steps that follow, `most_children(config)` where a process may be followed by several, and `LONG` for shapes that wait
for the outside world or evaluate expressions.
"""
