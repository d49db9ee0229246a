"""Why AWS did not answer as wanted: the problem, and the remedy. Of a request nothing is told but its name."""

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

_EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
)


def code(error: ClientError) -> str:
    """AWS' name for what went wrong; a status where it has none, as answers to HEAD have."""
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def explained(error: ClientError | BotoCoreError) -> tuple[str, str]:
    """Problem and remedy."""
    if isinstance(error, NoCredentialsError):
        return "no credentials of AWS are found", "log in to the stack's account, in a shell of its own"
    if isinstance(error, ClientError):
        name = code(error)
        said = f"AWS says: {error.response.get('Error', {}).get('Message', 'nothing')}"
        return f"{error.operation_name}: {name}", "log in anew" if name in _EXPIRED else said
    return str(error), "see that AWS can be reached, and that the login is whole"
