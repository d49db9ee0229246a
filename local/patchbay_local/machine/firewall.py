"""Lets the bridge's traffic through other firewalls of this machine: Docker, ufw and firewalld drop what they forward.

Where any table drops a packet, no other one's acceptance brings it back: the rules go into the chains of those others.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from patchbay_local.machine import addresses
from patchbay_local.machine.changes import NFT_COMMENT, IptablesProgram, IptablesRule, NftRules
from patchbay_local.machine.journal import Journal
from patchbay_local.machine.programs import CommandError, run, succeeds

_COMMENT: Final = ("-m", "comment", "--comment", NFT_COMMENT)
_FROM: Final = ("-i", addresses.BRIDGE)
# Nodes and pods begin connections; only answers come in. To this machine: what it serves at the bridge's address.
_FORWARD: Final = (
    (*_FROM, *_COMMENT, "-j", "ACCEPT"),
    ("-o", addresses.BRIDGE, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED", *_COMMENT, "-j", "ACCEPT"),
)
_INPUT: Final = ((*_FROM, "-d", f"{addresses.BRIDGE_ADDRESS}/32", *_COMMENT, "-j", "ACCEPT"),)
# Docker keeps DOCKER-USER before its own rules when it starts anew.
_IPTABLES: Final = {"INPUT": _INPUT, "FORWARD": _FORWARD, "DOCKER-USER": _FORWARD}
_NFT: Final = {
    "input": (f'iifname "{addresses.BRIDGE}" ip daddr {addresses.BRIDGE_ADDRESS}',),
    "forward": (
        f'iifname "{addresses.BRIDGE}"',
        f'oifname "{addresses.BRIDGE}" ct state established,related',
    ),
}
# Only a table that is in use is there: asking for it by the program itself would make it.
_LEGACY_TABLES: Final = Path("/proc/net/ip_tables_names")


def ensure(journal: Journal, scope: str) -> list[str]:
    """Puts the rules first in each chain of others that may drop; returns those chains. Safe to repeat."""
    return [*_ensure_iptables(journal, scope), *_ensure_nft(journal, scope)]


def _ensure_iptables(journal: Journal, scope: str) -> Iterator[str]:
    for program in _programs():
        for chain, rules in _IPTABLES.items():
            if not _iptables_may_drop(program, chain):
                continue
            for rule in reversed(rules):
                change = IptablesRule(program=program, chain=chain, rule=rule)
                journal.record(scope, change)
                if not change.exists():
                    run([program, "--wait", "--insert", chain, "1", *rule])
            yield f"{program} {chain}"


def _programs() -> Iterator[IptablesProgram]:
    if "table ip filter" in run(["nft", "list", "tables"]).splitlines() and succeeds(["iptables-nft", "--version"]):
        yield "iptables-nft"
    if _LEGACY_TABLES.exists() and "filter" in _LEGACY_TABLES.read_text(encoding="ascii").split():
        yield "iptables-legacy"


def _iptables_may_drop(program: str, chain: str) -> bool:
    try:
        policy, *rules = run([program, "--wait", "--list-rules", chain]).splitlines()
    except CommandError:
        return False  # there is no such chain
    return policy == f"-P {chain} DROP" or any(NFT_COMMENT not in rule.split() for rule in rules)


def _ensure_nft(journal: Journal, scope: str) -> Iterator[str]:
    for chain in _others_chains():
        change = NftRules(family=chain["family"], table=chain["table"], chain=chain["name"])
        rules = change.rules()
        own = change.own_handles()
        if chain.get("policy") != "drop" and len(rules) == len(own):
            continue
        journal.record(scope, change)
        if not own:
            place = f"{chain['family']} {chain['table']} {chain['name']}"
            lines = (f'insert rule {place} {match} accept comment "{NFT_COMMENT}"' for match in _NFT[chain["hook"]])
            run(["nft", "-f", "-"], stdin="\n".join(lines))
        yield f"nft {chain['table']} {chain['name']}"


def _others_chains() -> list[dict[str, Any]]:
    """Chains of input and forwarding that are neither ours nor those of iptables."""
    listed = json.loads(run(["nft", "--json", "list", "chains"]))["nftables"]
    chains = [entry["chain"] for entry in listed if "chain" in entry]
    return [
        chain
        for chain in chains
        if chain.get("hook") in _NFT
        and chain["family"] in {"ip", "inet"}
        and not chain["table"].startswith("patchbay")
        and not _is_iptables(chain)
    ]


def _is_iptables(chain: dict[str, Any]) -> bool:
    """Whether iptables has the chain; a table of the same name may be another's, with chains or rules of its own."""
    place = (chain["family"], chain["table"], chain["type"], chain["prio"])
    if place != ("ip", "filter", "filter", 0) or chain["name"] not in _IPTABLES:
        return False
    return succeeds(["iptables-nft", "--wait", "--list-rules", chain["name"]])
