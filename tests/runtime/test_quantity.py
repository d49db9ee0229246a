"""Kubernetes' quantities, by the grammar in k8s.io/apimachinery: pkg/api/resource/quantity.go."""

from fractions import Fraction
from itertools import product

import pytest
from lightkube.utils.quantity import parse_quantity
from patchbay_runtime.quantity import mebibytes, millicores, parse

SIGNS = {"": 1, "+": 1, "-": -1}
NUMBERS = {
    "0": Fraction(0), "7": Fraction(7), "0042": Fraction(42), "3.": Fraction(3), ".5": Fraction(1, 2),
    "0.25": Fraction(1, 4), "12.0625": Fraction(193, 16), "128974848000": Fraction(128974848000),
}  # fmt: skip
DECIMAL = {
    suffix: Fraction(10) ** power
    for suffix, power in {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}.items()
}
BINARY = {suffix: Fraction(2) ** (10 * power) for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
EXPONENTS = {
    f"{letter}{sign}{digits}": Fraction(10) ** (value * int(digits))
    for letter, (sign, value), digits in product("eE", SIGNS.items(), ("0", "3", "12", "018"))
}
EVERY_FORM = [
    (sign + number + suffix, SIGNS[sign] * NUMBERS[number] * factor)
    for sign, number, (suffix, factor) in product(SIGNS, NUMBERS, (DECIMAL | BINARY | EXPONENTS).items())
]


def test_every_form_of_the_grammar_is_read_exactly() -> None:
    assert len(EVERY_FORM) == len(SIGNS) * len(NUMBERS) * (10 + 6 + 24)
    wrong = {text: parse(text) for text, value in EVERY_FORM if Fraction(parse(text)) != value}
    assert not wrong


def test_a_client_library_reads_the_same_where_it_knows_the_form() -> None:
    """lightkube knows neither `n`, `u` nor `E3`, and rounds to thousandths."""
    compared = 0
    for text, value in EVERY_FORM:
        try:
            other = parse_quantity(text)
        except ValueError:
            continue
        if other is not None and Fraction(other) == value:
            compared += 1
        assert other is not None
        assert abs(Fraction(other) - Fraction(parse(text))) < Fraction(1, 1000), text
    assert compared > 400


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ".", "+", "m", "Mi", "1 Gi", " 1", "1\n", "1,5", "1.2.3", "--1", "+-1", "1K", "1ki", "1mi", "1MB",
        "1GiB", "1Zi", "1e", "1e+", "1e1.5", "1e3Mi", "1Mie3", "1e1000000000", "0x10", "1_000", "inf", "NaN", "1m1",
        "\N{ARABIC-INDIC DIGIT ONE}",
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity; write it like 50m, 2 or 96Mi") as refused:
        parse(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"), [("250m", 250), ("2", 2000), ("0.5", 500), ("100u", 1), ("1.0001", 1001), ("1e-3", 1)]
)
def test_cores_are_counted_in_whole_thousandths_and_rounded_up(text: str, value: int) -> None:
    assert millicores(text) == value


@pytest.mark.parametrize(("text", "value"), [("96Mi", 96), ("2Gi", 2048), ("1Ki", 1), ("1M", 1), ("1048577", 2)])
def test_memory_is_counted_in_whole_mebibytes_and_rounded_up(text: str, value: int) -> None:
    assert mebibytes(text) == value
