"""Inputs that are written to get past the rules, and harmless ones that look like them."""

from tests.policy.crafted import access, accounts, data, network, public, rights, trust

BYPASSES = (
    *trust.BYPASSES,
    *rights.BYPASSES,
    *public.BYPASSES,
    *network.BYPASSES,
    *access.BYPASSES,
    *data.BYPASSES,
    *accounts.BYPASSES,
)
HARMLESS = (
    *trust.HARMLESS,
    *rights.HARMLESS,
    *public.HARMLESS,
    *network.HARMLESS,
    *access.HARMLESS,
    *data.HARMLESS,
    *accounts.HARMLESS,
)
