"""What ends a load test early."""


class UnusableEnvironmentError(Exception):
    """The environment cannot be tested as it is, which says nothing about the promise. Exit code 2."""


class NotFoundError(UnusableEnvironmentError):
    """The API server has no such object."""
