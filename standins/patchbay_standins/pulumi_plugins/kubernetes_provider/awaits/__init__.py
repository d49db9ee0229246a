"""When an object counts as ready, kind by kind.

A check looks at a live object (and what belongs to it) and returns a `State`; it never waits itself.
"""
