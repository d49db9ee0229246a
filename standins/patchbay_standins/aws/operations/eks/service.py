"""EKS as an emulated service: its name, and the errors that its operations share."""

from typing import Any, Final

from patchbay_standins.aws.service import AwsError, Service

SERVICE: Final = Service("eks")


def not_found(message: str, **members: Any) -> AwsError:
    return AwsError("ResourceNotFoundException", message, **members)


def in_use(message: str, **members: Any) -> AwsError:
    return AwsError("ResourceInUseException", message, **members)


def invalid_parameter(message: str, **members: Any) -> AwsError:
    return AwsError("InvalidParameterException", message, **members)


def invalid_request(message: str, **members: Any) -> AwsError:
    return AwsError("InvalidRequestException", message, **members)
