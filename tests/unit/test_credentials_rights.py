"""What the account of the Job that makes the secrets may do, asked of a real API server with the program's objects."""

import base64
import re
import runpy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.standins.pulumi_plugins.control_plane import ControlPlane

from .conftest import Program

SCRIPT = Path(__file__).resolve().parents[2] / "platform/patchbay_platform/credentials/native/credentials.py"
DATA, RUNTIME = "patchbay-data", "patchbay-runtime"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def secrets(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


def document(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "stringData": {"key": "k"}, **more}


@pytest.fixture(scope="module")
def account(program: Program, control_plane: ControlPlane) -> Iterator[httpx.Client]:
    """A client as the Job's account; secrets that are not its business are there."""
    with control_plane.client() as admin, control_plane.client() as client:
        for namespace in (DATA, RUNTIME):
            # Tests of other accounts make it as well.
            assert admin.post("/api/v1/namespaces", json={"metadata": {"name": namespace}}).status_code in {201, 409}
            for kind in ("Role", "RoleBinding"):
                path = f"{RBAC}/namespaces/{namespace}/{kind.lower()}s"
                admin.post(path, json=dict(program.one(kind, "credentials", namespace).inputs)).raise_for_status()
            admin.post(secrets(namespace), json=document("others")).raise_for_status()
        service_account = dict(program.one("ServiceAccount", "credentials").inputs)
        admin.post(f"/api/v1/namespaces/{RUNTIME}/serviceaccounts", json=service_account).raise_for_status()
        for kind, path in (
            ("ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
            ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings"),
        ):
            admin.post(
                f"{ADMISSION}/{path}", json=dict(program.one(kind, "patchbay-credentials").inputs)
            ).raise_for_status()
        client.headers["Authorization"] = f"Bearer {control_plane.token_of(RUNTIME, 'credentials')}"
        wait_until_enforced(client)
        yield client


def wait_until_enforced(client: httpx.Client) -> None:
    """The API server takes up a new right and a new policy a moment after it was made."""
    deadline = time.monotonic() + 60
    # 403: the right is not known yet; 201: the policy is not.
    while any(
        client.post(secrets(namespace), json=document(f"probe-{time.monotonic_ns()}")).status_code != 422
        for namespace in (DATA, RUNTIME)
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        *((DATA, name) for name in ("redis", "mariadb")),
        *((RUNTIME, name) for name in ("administrator", "sealing", "redis", "mariadb")),
    ],
)
def test_the_job_makes_each_of_its_secrets_and_reads_it(account: httpx.Client, namespace: str, name: str) -> None:
    path = f"{secrets(namespace)}/{name}"
    assert account.get(path).status_code == 404
    account.post(secrets(namespace), json=document(name, immutable=True)).raise_for_status()
    assert account.get(path).raise_for_status().json()["data"] == {"key": "aw=="}


@pytest.mark.parametrize(
    ("namespace", "secret"),
    [
        (RUNTIME, document("other")),
        (RUNTIME, {"metadata": {"generateName": "administrator"}}),
        (DATA, document("administrator")),
        (DATA, document("sealing")),
    ],
    ids=["of another name", "of a name that is made up", "administrator of the data", "sealing of the data"],
)
def test_the_job_makes_no_other_secret(account: httpx.Client, namespace: str, secret: dict[str, Any]) -> None:
    answer = account.post(secrets(namespace), json=secret)
    assert answer.status_code == 422, answer.text
    assert f"may create {DATA}/redis, " in answer.json()["message"]


def test_the_job_gets_no_token_of_another_account_by_a_secret_that_the_cluster_would_fill(
    account: httpx.Client,
) -> None:
    stolen = {
        "metadata": {"name": "sealing", "annotations": {"kubernetes.io/service-account.name": "default"}},
        "type": "kubernetes.io/service-account-token",
    }
    answer = account.post(secrets(RUNTIME), json=stolen)
    assert answer.status_code == 422, answer.text
    assert "of type Opaque only" in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", secrets(RUNTIME)),
        ("GET", secrets(DATA)),
        ("GET", f"{secrets(RUNTIME)}/others"),
        ("GET", f"{secrets(DATA)}/others"),
        ("GET", f"{secrets('kube-system')}/administrator"),
        ("DELETE", f"{secrets(RUNTIME)}/administrator"),
        ("PUT", f"{secrets(RUNTIME)}/administrator"),
        ("POST", secrets("kube-system")),
        ("GET", f"/api/v1/namespaces/{RUNTIME}/pods"),
    ],
)
def test_the_job_has_no_other_right(account: httpx.Client, method: str, path: str) -> None:
    answer = account.request(method, path, content="{}", headers={"Content-Type": "application/json"})
    assert answer.status_code == 403, answer.text


def test_the_administrator_s_key_can_be_replaced_in_its_place_and_the_job_keeps_what_it_finds(
    account: httpx.Client, control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator, sealing = (f"{secrets(RUNTIME)}/{name}" for name in ("administrator", "sealing"))
    script = runpy.run_path(str(SCRIPT))
    control_plane.mount_account(RUNTIME, "credentials", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", account.base_url.host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(account.base_url.port))
    monkeypatch.setitem(script["ensure_all"].__globals__, "ACCOUNT", tmp_path)

    def run() -> tuple[str, str]:
        """The keys after a run of the Job's program."""
        script["ensure_all"](script["Secrets"](), RUNTIME, None)
        found = [account.get(path).raise_for_status().json()["data"]["key"] for path in (administrator, sealing)]
        return base64.b64decode(found[0]).decode(), base64.b64decode(found[1]).decode()

    with control_plane.client() as admin:
        for path in (administrator, sealing):
            assert admin.delete(path).status_code in {200, 404}
        first, sealed_with = run()
        other = f"pbk_{'b' * 24}_{'c' * 43}"
        merge = {"Content-Type": "application/merge-patch+json"}
        for path, status in ((administrator, 200), (sealing, 422)):
            answer = admin.patch(path, json={"stringData": {"key": other}}, headers=merge)
            assert answer.status_code == status, answer.text
        assert run() == (other, sealed_with)
        admin.delete(administrator).raise_for_status()
        made, kept = run()
    assert kept == sealed_with
    assert made not in {first, other}
    assert re.fullmatch(r"pbk_[0-9a-f]{24}_[A-Za-z0-9_-]{43}", made)
