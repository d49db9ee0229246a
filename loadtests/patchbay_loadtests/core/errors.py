"""What ends a load test early."""


class UnusableEnvironmentError(Exception):
    """The environment cannot be tested as it is, which says nothing about the promise. Exit code 2."""


class NotFoundError(UnusableEnvironmentError):
    """The API server has no such object."""


class ProductFailureError(Exception):
    """The product did not do its part, so that the load cannot go on. A report, and exit code 1."""
