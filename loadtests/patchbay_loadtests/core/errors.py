"""What ends a load test early."""


class UnusableEnvironmentError(Exception):
    """The environment cannot be tested as it is, which says nothing about the promise. Exit code 2."""


class NotFoundError(UnusableEnvironmentError):
    """The API server has no such object."""


class ServerError(UnusableEnvironmentError):
    """The gateway answers, with 5xx: before the load an environment that cannot be tested, after that a failure."""


class ProductFailureError(Exception):
    """The product did not do its part, so that the load cannot go on. A report, and exit code 1."""


def under_load(error: UnusableEnvironmentError) -> Exception:
    """What a load test ends with that has seen nothing but this error for too long."""
    return ProductFailureError(str(error)) if isinstance(error, ServerError) else error
