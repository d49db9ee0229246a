"""What a person is told where AWS refuses, or cannot be asked."""

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError
from patchbay_operations.refusal import explained
from patchbay_operations.smoke.preflight.lack import Lacks

REMEDIES = [
    (NoCredentialsError(), "log in to the stack's account, in a shell of its own"),
    (EndpointConnectionError(endpoint_url="https://sts.example"), "see that AWS can be reached"),
    *(
        (ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity"), "log in anew")
        for code in ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")
    ),
    (ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "ListKeys"), "AWS says: Rate exceeded"),
]


@pytest.mark.parametrize(("error", "remedy"), REMEDIES)
def test_a_login_that_does_not_do_is_told_with_the_remedy(error: ClientError | BotoCoreError, remedy: str) -> None:
    lacks = Lacks()
    with lacks.asking("sts:GetCallerIdentity"):
        raise error
    (lack,) = lacks.found
    assert (lack.problem, lack.remedy) == explained(error)
    assert lack.remedy.startswith(remedy)
