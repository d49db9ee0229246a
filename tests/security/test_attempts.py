"""Whatever a tenant tries, he gets what is written here, and his neighbour notices nothing."""

import json
from collections import Counter

import pytest

from tests.security import (  # noqa: F401 - each adds its attempts
    on_answers,
    on_bodies,
    on_connectors,
    on_expressions,
    on_roles,
    on_tenants,
    on_tokens,
    on_webhooks,
)
from tests.security.attempts import ATTEMPTS, Attempt, got
from tests.security.stage import MARK, Stage


def test_there_are_attempts_of_every_kind() -> None:
    counted = Counter(one.area for one in ATTEMPTS)
    assert len(counted) == 8
    assert min(counted.values()) >= 5
    assert len({str(one) for one in ATTEMPTS}) == len(ATTEMPTS)


def test_the_neighbour_sees_what_is_his(stage: Stage) -> None:
    """Or nothing would be found in the answers to the attacker."""
    stage.does_business()
    assert MARK in json.dumps(stage.belongings())


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_an_attempt_gets_what_it_should_and_the_neighbour_notices_nothing(stage: Stage, attempt: Attempt) -> None:
    before = stage.belongings()
    stage.heard.clear()
    answer = attempt.act(stage)
    assert got(answer) == attempt.gets, answer.text[:500]
    assert not [text for text in (*stage.heard, answer.text) if MARK in text]
    stage.does_business()
    assert stage.belongings() == before
