"""What the firewall lets in: webhooks as their senders send them, and no stranger at a key ingress."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from tests.unit.infra.mocks import Recorded, mock_arn
from tests.unit.infra.test_edge import changed, edge, firewall_rules
from tests.unit.infra.web_acl import Request, managed_matches, verdict

# Headers and the shape of bodies as the senders' own documentation shows them; every one is found by a managed rule.
WEBHOOKS: Final[Mapping[str, Request]] = {
    # docs.github.com, "Webhook events and payloads": the text of a pull request is whatever somebody wrote.
    "github pull request": Request(
        "/hooks/github/pull-request",
        {
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Event": "pull_request",
            "X-Hub-Signature-256": "sha256=0000",
            "Content-Type": "application/json",
        },
        '{"action": "opened", "pull_request": {"body": "<img src=x> uses ../../config, see http://127.0.0.1/a"}}',
    ),
    "github comment on a vulnerability": Request(
        "/hooks/github/issue-comment",
        {"User-Agent": "GitHub-Hookshot/044aadd", "X-GitHub-Event": "issue_comment"},
        '{"comment": {"body": "we log ${jndi:ldap://example.com/a} as text"}}',
    ),
    # docs.stripe.com, "Webhooks": an event of more than 8 KiB, with the merchant's own metadata.
    "stripe invoice": Request(
        "/hooks/stripe/events",
        {"User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)", "Stripe-Signature": "t=1,v1=00"},
        '{"type": "invoice.paid", "data": {"object": {"metadata": {"erp": "http://192.0.2.1/invoices/1"}, "lines": ['
        + ", ".join(['{"amount": 1}'] * 700)
        + "]}}}",
    ),
    # shopify.dev, "Webhooks": a product's description is HTML.
    "shopify product": Request(
        "/hooks/shopify/products",
        {"User-Agent": "Shopify-Captain-Hook", "X-Shopify-Topic": "products/update", "X-Shopify-Hmac-Sha256": "00="},
        '{"id": 1, "body_html": "<style>p{}</style><p onclick=\\"x()\\">Good</p>"}',
    ),
    # W3C, "SOAP 1.1", with a document inside of the envelope, from a client that does not name itself.
    "soap call": Request(
        "/hooks/erp/orders",
        {"SOAPAction": '"urn:example#send"', "Content-Type": "text/xml; charset=utf-8"},
        '<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        "<html>&lt;script&gt;</html></soap:Body></soap:Envelope>",
    ),
    "form without a user agent": Request(
        "/hooks/shop/form",
        {"Content-Type": "application/x-www-form-urlencoded"},
        "callback=http://192.0.2.1/paid",
    ),
}


@pytest.fixture(scope="module")
def blocking() -> Recorded:
    return edge(changed(managedRules="block"))


@pytest.fixture(scope="module")
def counting() -> Recorded:
    return edge()


def judged(recorded: Recorded, request: Request) -> str:
    sets = {mock_arn(one.name): one.inputs["addresses"] for one in recorded.of("IpSet")}
    return verdict(firewall_rules(recorded), request, sets)


@pytest.mark.parametrize("name", WEBHOOKS)
def test_a_webhook_passes_though_a_managed_rule_would_find_something(blocking: Recorded, name: str) -> None:
    assert set(managed_matches(WEBHOOKS[name])) - {"SizeRestrictions_BODY"}
    assert judged(blocking, WEBHOOKS[name]) == "allow"


@pytest.mark.parametrize("name", WEBHOOKS)
@pytest.mark.parametrize(
    "path", ["/api/tenants", "/hooks/../api/tenants", "/hooks/%2e%2e/api/tenants", "/", "/hooksx/"]
)
def test_the_same_request_elsewhere_is_blocked_once_the_rules_are_in_force(
    blocking: Recorded, counting: Recorded, name: str, path: str
) -> None:
    moved = replace(WEBHOOKS[name], path=path)
    assert judged(blocking, moved) == "block"
    assert judged(counting, moved) == "allow"


def test_a_large_payload_of_a_named_client_passes_everywhere(blocking: Recorded) -> None:
    assert judged(blocking, Request("/api/tenants", {"User-Agent": "example/1"}, "x" * 200_000)) == "allow"


@pytest.mark.parametrize(
    "path", ["/horizon/", "/HORIZON/api", "/%68orizon/api", "//horizon/api", "/hooks/../horizon/api"]
)
def test_a_stranger_at_a_key_ingress_is_blocked_however_the_path_is_spelled(counting: Recorded, path: str) -> None:
    assert judged(counting, Request(path, {"User-Agent": "example/1"}, address="203.0.113.200")) == "block"
    assert judged(counting, Request(path, {"User-Agent": "example/1"}, address="198.51.100.7")) == "allow"
