"""Evaluation of customers' expressions, in processes of their own.

The worker asks (`evaluators`, `nursery`); a process that has nothing but one socket answers (`program`, `confinement`,
`engine`). A process evaluates for one tenant only, from its first step until it is ended.
"""
