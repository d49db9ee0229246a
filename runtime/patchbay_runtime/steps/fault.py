"""Why an execution failed."""


class StepFault(Exception):  # noqa: N818 - a fault belongs to the flow or its partners; errors belong to the program
    """A step that failed; the message is shown to the tenant and holds neither payload nor secret."""

    def __init__(self, code: str, message: str, *, retryable: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        # Seconds that the other side asked to be left alone.
        self.retry_after = retry_after
