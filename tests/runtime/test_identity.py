"""The pod's AWS identity opens ElastiCache and RDS: the tokens are the ones that AWS' own tools make."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.session
import pytest
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.model import ServiceId
from botocore.signers import RequestSigner
from patchbay_runtime.identity.credentials import IdentityError, pod_credentials
from patchbay_runtime.identity.tokens import cache_token, database_token
from patchbay_runtime.settings import Settings
from pydantic import ValidationError

from tests.runtime.identity_agent import ACCESS_KEY, IdentityAgent

REGION = "eu-central-1"
KEYS = ReadOnlyCredentials("AKIAEXAMPLE", "not-a-secret", "session")


def signed_at(token: str) -> str:
    return parse_qs(urlsplit(f"https://{token}").query)["X-Amz-Date"][0]


def test_the_database_token_is_the_one_that_the_aws_cli_makes() -> None:
    client = boto3.client(
        "rds",
        region_name=REGION,
        aws_access_key_id=KEYS.access_key,
        aws_secret_access_key=KEYS.secret_key,
        aws_session_token=KEYS.token,
    )
    while True:
        ours = database_token(KEYS, region=REGION, host="db.example.com", port=3306, user="patchbay_main")
        theirs = client.generate_db_auth_token("db.example.com", 3306, "patchbay_main")
        if signed_at(ours) == signed_at(theirs):
            break
    assert ours == theirs


def test_the_cache_token_is_the_one_that_aws_documents_and_leaves_out_the_scheme() -> None:
    session = botocore.session.get_session()
    signer = RequestSigner(
        ServiceId("elasticache"),
        REGION,
        "elasticache",
        "v4",
        Credentials(KEYS.access_key or "", KEYS.secret_key or "", KEYS.token),
        session.get_component("event_emitter"),
    )
    request = {
        "method": "GET",
        "url": "https://patchbay-dev-main/?Action=connect&User=patchbay-dev-main-runtime",
        "body": {},
        "headers": {},
        "context": {},
    }
    while True:
        ours = cache_token(KEYS, region=REGION, cache="patchbay-dev-main", user="patchbay-dev-main-runtime")
        theirs = signer.generate_presigned_url(request, "connect", expires_in=900, region_name=REGION)
        if signed_at(ours) == signed_at(theirs.removeprefix("https://")):
            break
    assert f"https://{ours}" == theirs


def test_credentials_are_asked_for_once_while_they_last(agent: IdentityAgent) -> None:
    assert [pod_credentials().access_key for _ in range(3)] == [f"{ACCESS_KEY}1"] * 3
    assert agent.asked == 1


def test_credentials_that_are_about_to_expire_are_renewed(agent: IdentityAgent) -> None:
    agent.lifetime = timedelta(seconds=60)
    assert pod_credentials().access_key != pod_credentials().access_key


def test_the_token_file_is_read_again_when_credentials_are_renewed(agent: IdentityAgent) -> None:
    agent.lifetime = timedelta(seconds=60)
    pod_credentials()
    agent.token_file.write_text("the token that replaced it")
    assert pod_credentials().access_key != f"{ACCESS_KEY}1"


def test_a_pod_without_an_identity_is_told_what_to_do(agent: IdentityAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in agent.environment():
        monkeypatch.delenv(name)
    with pytest.raises(IdentityError, match="associate a role with its service account"):
        pod_credentials()


def test_an_agent_that_is_away_is_a_fault_to_wait_for(agent: IdentityAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    agent.close()
    monkeypatch.setattr("time.sleep", lambda _: None)  # between botocore's tries
    with pytest.raises(OSError, match="gives no credentials"):
        pod_credentials()


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({"redis_iam_cache": "c"}, "needs PATCHBAY_AWS_REGION, PATCHBAY_REDIS_USER and PATCHBAY_REDIS_TLS"),
        (
            {"redis_iam_cache": "c", "redis_password_file": Path("/p")},
            "excludes PATCHBAY_REDIS_PASSWORD_FILE; unset one of them",
        ),
        ({"database_iam": True}, "needs PATCHBAY_AWS_REGION and PATCHBAY_DATABASE_CA_FILE"),
        (
            {"database_iam": True, "database_password_file": Path("/p")},
            "excludes PATCHBAY_DATABASE_PASSWORD_FILE; unset one of them",
        ),
    ],
)
def test_half_an_identity_is_refused_with_what_it_lacks(given: dict[str, object], remedy: str) -> None:
    with pytest.raises(ValidationError, match=remedy):
        Settings.model_validate(given)
