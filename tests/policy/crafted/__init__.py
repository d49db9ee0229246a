"""Inputs that are written to get past the rules, and harmless ones that look like them."""

from tests.policy.crafted import access, accounts, backups, data, guards, network, public, rights, trust

_SUBJECTS = (trust, rights, public, network, access, data, accounts, guards, backups)
BYPASSES = tuple(row for subject in _SUBJECTS for row in subject.BYPASSES)
HARMLESS = tuple(row for subject in _SUBJECTS for row in subject.HARMLESS)
