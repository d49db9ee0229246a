"""The secrets of webhooks: told once, replaced with an overlap, and of no use anywhere but at their flow."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from patchbay_runtime.names import tenant_schema
from patchbay_runtime.settings import Settings, SettingsError
from patchbay_runtime.webhooks.sealing import Sealer, UnsealedError

from tests.runtime import senders
from tests.runtime.conftest import Program, Tenant
from tests.runtime.in_process import api
from tests.runtime.servers import HOST, Mariadb
from tests.runtime.test_webhooks import BODY, registered, send

GIVEN = "whsec_chosen-by-the-sender"


def replaced(tenant: Tenant, **wanted: Any) -> dict[str, str]:
    """The webhook in the answer to a new secret."""
    response = tenant.client.post(f"{tenant.path}/flows/f/webhook-secret", json=wanted)
    assert response.status_code == 201, response.text
    assert response.headers["Cache-Control"] == "no-store"
    webhook: dict[str, str] = response.json()["webhook"]
    return webhook


def taken(tenant: Tenant, *secrets: str) -> list[bool]:
    """Which of the secrets are good."""
    return [send(tenant, {"X-Webhook-Key": secret}).status_code == 202 for secret in secrets]


def test_a_new_secret_is_good_at_once_and_the_one_before_it_for_the_overlap(
    tenant: Tenant, mariadb_server: Mariadb
) -> None:
    first = registered(tenant)["secret"]
    second = replaced(tenant)["secret"]
    assert taken(tenant, first, second) == [True, True]
    past = "UPDATE {}.webhook_secrets SET older_until = older_until - INTERVAL {} SECOND"
    mariadb_server.sql(past.format(tenant_schema(tenant.name), 86_400 - 60))
    assert taken(tenant, first, second) == [True, True]
    mariadb_server.sql(past.format(tenant_schema(tenant.name), 61))
    assert taken(tenant, first, second) == [False, True]


def test_two_secrets_are_good_at_a_time_at_most(tenant: Tenant) -> None:
    secrets = [registered(tenant)["secret"], replaced(tenant)["secret"], replaced(tenant)["secret"]]
    assert taken(tenant, *secrets) == [False, True, True]


def test_a_secret_that_has_leaked_is_replaced_without_an_overlap(tenant: Tenant) -> None:
    leaked = registered(tenant)["secret"]
    assert taken(tenant, leaked, replaced(tenant, overlap_seconds=0)["secret"]) == [False, True]


def test_a_sender_may_choose_the_secret(tenant: Tenant) -> None:
    registered(tenant, senders.STRIPE)
    assert replaced(tenant, secret=GIVEN) == {"path": f"/hooks/{tenant.name}/f"}
    assert send(tenant, senders.stripe(GIVEN, BODY)).status_code == 202


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"secret": "short-secret-15"}, "$.secret"),
        ({"secret": "x" * 201}, "$.secret"),
        ({"secret": "with a space at its end "}, "$.secret"),
        ({"secret": "with-a-\u00e4-in-its-middle"}, "$.secret"),
        ({"secret": "with-a-line-feed\n-in-it"}, "$.secret"),
        ({"secret": 1234567890123456}, "$.secret"),
        ({"overlap_seconds": -1}, "$.overlap_seconds"),
        ({"overlap_seconds": 604_801}, "$.overlap_seconds"),
        ({"overlap_seconds": False}, "$.overlap_seconds"),
        ({"sekret": "a-secret-with-a-typing-error"}, "$.sekret"),
        ([], "$"),
    ],
)
def test_an_unfit_wish_is_refused_without_being_repeated(tenant: Tenant, wanted: Any, path: str) -> None:
    first = registered(tenant)["secret"]
    response = tenant.client.post(f"{tenant.path}/flows/f/webhook-secret", json=wanted)
    assert (response.status_code, response.json()["error"]["details"][0]["path"]) == (422, path)
    if isinstance(wanted, dict) and "overlap_seconds" not in wanted:
        assert str(next(iter(wanted.values()))) not in response.text
    assert taken(tenant, first) == [True]


def test_no_secret_is_made_where_none_would_count(tenant: Tenant) -> None:
    path = f"{tenant.path}/flows/f/webhook-secret"
    assert tenant.client.post(path).json()["error"]["code"] == "unknown_flow"
    registered(tenant, {"kind": "public"})
    response = tenant.client.post(path)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "no_secret_needed")
    assert "secret" in registered(tenant)


def test_of_registrations_at_once_one_is_answered_with_the_secret(tenant: Tenant) -> None:
    with ThreadPoolExecutor(4) as pool:  # as many registrations as a tenant may have in hand
        answers = list(pool.map(lambda _: registered(tenant), range(8)))
    (secret,) = [answer["secret"] for answer in answers if "secret" in answer]
    assert taken(tenant, secret) == [True]


def test_a_flow_from_before_there_were_secrets_is_closed_until_it_has_one(
    tenant: Tenant, mariadb_server: Mariadb
) -> None:
    before = registered(tenant)["secret"]
    forget = f"TRUNCATE {tenant_schema(tenant.name)}.webhook_secrets"
    mariadb_server.sql(forget)
    assert taken(tenant, before) == [False]
    assert taken(tenant, replaced(tenant)["secret"]) == [True]
    mariadb_server.sql(forget)
    assert taken(tenant, registered(tenant)["secret"]) == [True]


def test_a_row_that_is_copied_to_another_flow_or_tenant_opens_nothing(
    new_tenant: Callable[[], Tenant], mariadb_server: Mariadb
) -> None:
    one, other = new_tenant(), new_tenant()
    secret = registered(one)["secret"]
    registered(one, name="g")
    registered(other)
    here, there = (f"{tenant_schema(tenant.name)}.webhook_secrets" for tenant in (one, other))
    mariadb_server.sql(
        f"UPDATE {here} AS copy JOIN {here} AS original ON original.flow = 'f'"  # noqa: S608 - the test's own names
        " SET copy.sealed = original.sealed WHERE copy.flow = 'g';"
        f"UPDATE {there} AS copy JOIN {here} AS original ON original.flow = 'f' SET copy.sealed = original.sealed;"
    )
    key = {"X-Webhook-Key": secret}
    assert send(one, key, path=f"/hooks/{one.name}/g").status_code == 401
    assert send(other, key).status_code == 401
    assert send(one, key).status_code == 202


async def test_a_secret_is_in_no_log_and_in_no_other_answer(
    settings: Settings, tenant: Tenant, mariadb_server: Mariadb, caplog: pytest.LogCaptureFixture
) -> None:
    document = {"name": "f", "start": "receive", "steps": {"receive": {"shape": "http-trigger"}}}
    flows, hook = f"{tenant.path}/flows", f"/hooks/{tenant.name}/f"
    answers: list[httpx.Response] = []
    with caplog.at_level(logging.DEBUG):
        async with api(settings) as http:
            first = (await http.post(flows, json=document)).json()["webhook"]["secret"]
            second = (await http.post(f"{flows}/f/webhook-secret")).json()["webhook"]["secret"]
            given = {"secret": GIVEN}
            answers.append(await http.post(f"{flows}/f/webhook-secret", json=given))
            for key in (first, second, GIVEN):
                answers.append(await http.post(hook, headers={"X-Webhook-Key": key}, json={}))
                answers.append(await http.post(hook, params={"key": key}, json={}))
                answers.append(await http.post(hook, params={"key": key, "wait": "soon"}, json={}))
            answers.append(await http.post(flows, json=document))
            answers += [await http.get(path) for path in (flows, f"{flows}/f", f"{flows}/f/versions/1")]
            # An error while secrets are in hand: the table is gone.
            mariadb_server.sql(f"DROP TABLE {tenant_schema(tenant.name)}.webhook_secrets")
            answers.append(await http.post(hook, params={"key": second}, json={}))
            answers.append(await http.post(f"{flows}/f/webhook-secret", json=given))
            answers.append(await http.post(flows, json=document))
    assert [answer.status_code for answer in answers[-3:]] == [503, 503, 503]
    # The client of the test logs what it asks for, too.
    records = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    written = "\n".join(f"{record.getMessage()} {record.exc_text} {record.__dict__}" for record in records)
    assert "INSERT" in written
    for secret in (first, second, GIVEN):
        assert secret not in written
        assert not [answer.url for answer in answers if secret in answer.text]
    dump = mariadb_server.sql(f"SELECT * FROM {tenant_schema(tenant.name)}.flow_versions")  # noqa: S608 - the test's own name
    assert not [secret for secret in (first, second, GIVEN) if secret in dump]


@pytest.mark.parametrize("wanted", [{}, {"overlap_seconds": 0}], ids=["usual overlap", "none"])
async def test_with_another_sealing_key_a_secret_is_told_to_be_useless_and_a_new_one_can_be_made(
    settings: Settings,
    tenant: Tenant,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    wanted: dict[str, int],
) -> None:
    secret = registered(tenant)["secret"]
    (tmp_path / "key").write_text("ab" * 32 + "\n")
    hook = f"/hooks/{tenant.name}/f"
    async with api(settings.model_copy(update={"sealing_key_file": tmp_path / "key"})) as http:
        assert (await http.post(hook, headers={"X-Webhook-Key": secret}, json={})).status_code == 401
        (record,) = [record for record in caplog.records if record.name == "patchbay_runtime.webhooks.webhooks"]
        assert "make a new one" in record.getMessage()
        assert (record.tenant, record.flow) == (tenant.name, "f")  # type: ignore[attr-defined]  # of `extra`
        made = (await http.post(f"{tenant.path}/flows/f/webhook-secret", json=wanted)).json()
        key = {"X-Webhook-Key": made["webhook"]["secret"]}
        assert (await http.post(hook, headers=key, json={})).status_code == 202


def test_a_secret_is_good_beside_one_that_cannot_be_opened(tenant: Tenant, mariadb_server: Mariadb) -> None:
    first, second = registered(tenant)["secret"], replaced(tenant)["secret"]
    spoil = "UPDATE {}.webhook_secrets SET {} = CONCAT({}, 'x')"
    mariadb_server.sql(spoil.format(tenant_schema(tenant.name), "older", "older"))
    assert taken(tenant, first, second) == [False, True]
    third = replaced(tenant)["secret"]
    assert taken(tenant, second, third) == [True, True]
    mariadb_server.sql(spoil.format(tenant_schema(tenant.name), "sealed", "sealed"))
    assert taken(tenant, second, third) == [True, False]
    replaced(tenant)
    kept = f"SELECT older IS NULL FROM {tenant_schema(tenant.name)}.webhook_secrets"  # noqa: S608 - the test's own name
    assert mariadb_server.sql(kept) == "1\n"


def test_what_is_sealed_opens_in_its_place_alone_and_looks_different_each_time() -> None:
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(b"secret", "one", "f")
    assert sealer.open(sealed, "one", "f") == b"secret"
    assert len(sealed) == len(b"secret") + 29
    assert sealer.seal(b"secret", "one", "f")[1:] != sealed[1:]
    changed = [bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]]) for place in range(len(sealed))]
    for other in (*changed, sealed[:-1], sealed[:12], b""):
        with pytest.raises(UnsealedError):
            sealer.open(other, "one", "f")
    for stranger, tenant, flow in ((sealer, "two", "f"), (sealer, "one", "g"), (Sealer(b"l" * 32), "one", "f")):
        with pytest.raises(UnsealedError):
            stranger.open(sealed, tenant, flow)


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "xy" * 32, "\u0661" * 64])
def test_a_sealing_key_of_another_form_is_refused_without_being_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(SettingsError, match=r"^PATCHBAY_SEALING_KEY_FILE: .* 64 hexadecimal digits") as refused:
        Sealer.of(Settings(sealing_key_file=tmp_path / "key"))
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize("file", [None, "missing"])
def test_an_api_without_a_sealing_key_does_not_start_and_names_the_setting(
    settings: Settings, tmp_path: Path, file: str | None
) -> None:
    unsealed = settings.model_copy(update={"sealing_key_file": file and tmp_path / file})
    program = Program(unsealed, "api", "--host", HOST, "--port", "0", log=tmp_path / "log")
    assert program.process.wait(180) == 2
    assert program.log.read_text().startswith("patchbay-runtime: PATCHBAY_SEALING_KEY_FILE: ")
