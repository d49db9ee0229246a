"""What is read from the ConfigMap of priorities."""

import pytest
from patchbay_standins.cluster_autoscaler.priorities import PrioritiesError, parse, rank_of

PRIORITIES = """
10: [".*"]
20: ["-flows-spot-", "^other$"]
"""


@pytest.mark.parametrize(
    ("group", "rank"),
    [("eks-example-flows-spot-1a-0", 20), ("other", 20), ("another", 10), ("eks-example-flows-0", 10)],
)
def test_a_group_has_the_highest_priority_whose_pattern_is_found_in_its_name(group: str, rank: int) -> None:
    assert rank_of(group, parse(PRIORITIES)) == rank


def test_a_group_that_no_pattern_fits_has_no_priority() -> None:
    assert rank_of("flows", parse("20: [spot]")) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "priorities is no YAML"),
        ("spot", "priorities: Input should be a valid dictionary"),
        ("high: [spot]", "priorities.high"),
        ("20: spot", "priorities.20: Input should be a valid list"),
        ("20: [3]", "priorities.20.0: Input should be a valid string"),
        ('20: ["(spot"]', r"priorities.20: \(spot is no regular expression"),
    ],
)
def test_what_cannot_be_understood_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(PrioritiesError, match=told):
        parse(text)
