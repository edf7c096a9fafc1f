"""The fewest capsules, tablets and parts of tablets, against trying every combination."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

import oracle
import supply_oracle
from ldn_titration import (
    Capsules,
    InvalidInputError,
    Mass,
    QuantityError,
    Regimen,
    Tablets,
    schedule,
)
from ldn_titration.pieces import _rounded, fewest_pieces, fewest_strengths

LONGEST_SEARCH = 5  # mg; the exhaustive search grows with the dose

strengths_tried = st.lists(
    st.sampled_from([Fraction(n, 2) for n in range(1, 10)] + [Fraction(1, 3), Fraction(4, 3)]),
    min_size=1,
    max_size=3,
    unique=True,
)
parts_tried = st.integers(1, 4)


@st.composite
def made_doses(draw: st.DrawFn) -> tuple[Fraction, list[Fraction], int]:
    """A dose that these strengths in so many parts do make, mostly in several ways."""
    strengths, parts = draw(strengths_tried), draw(parts_tried)
    dose = sum((strength * draw(st.integers(0, 4 * parts)) / parts for strength in strengths), 0)
    assume(0 < dose <= LONGEST_SEARCH)
    return Fraction(dose), strengths, parts


@st.composite
def any_doses(draw: st.DrawFn) -> tuple[Fraction, list[Fraction], int]:
    """Any dose, strengths and number of parts."""
    dose = Fraction(draw(st.integers(1, 24 * LONGEST_SEARCH)), 24)
    return dose, draw(strengths_tried), draw(parts_tried)


@pytest.mark.hazard("F06")
@given(made_doses() | any_doses())
def test_the_pieces_are_those_of_the_exhaustive_search(
    case: tuple[Fraction, list[Fraction], int],
) -> None:
    """Fewest pieces, then fewest strengths, then the larger strengths."""
    dose, strengths, parts = case
    best = oracle._best_way(dose, tuple(sorted(strengths, reverse=True)), parts)
    found = fewest_pieces(dose, strengths, parts)
    assert (None if found.counts is None else dict(found.counts)) == best


@given(any_doses())
def test_where_it_cannot_be_made_the_neighbours_are_the_nearest_that_can(
    case: tuple[Fraction, list[Fraction], int],
) -> None:
    """A10: never rounded; the nearest doses below and above are those of all that can be made."""
    dose, strengths, parts = case
    broken = [strength / parts for strength in strengths]
    reachable = oracle._sums_up_to(dose + max(broken), broken) - {Fraction(0)}
    assume(dose not in reachable)
    found = fewest_pieces(dose, strengths, parts)
    assert found.counts is None
    assert found.below == max((mass for mass in reachable if mass < dose), default=None)
    assert found.above == min(mass for mass in reachable if mass > dose)


@given(made_doses(), st.randoms())
def test_the_order_in_which_strengths_are_named_changes_nothing(
    case: tuple[Fraction, list[Fraction], int], random: object
) -> None:
    dose, strengths, parts = case
    shuffled = list(strengths)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fewest_pieces(dose, shuffled, parts) == fewest_pieces(dose, strengths, parts)


@pytest.mark.parametrize(
    ("strengths", "parts", "dose", "expected"),
    [
        # The largest first would be wrong, or would find nothing.
        ("1 1.5 3", 1, "2", {"1": 2}),
        ("1 1.5 3", 1, "3.5", {"1.5": 1, "1": 2}),
        ("1 1.5 3", 1, "5", {"3": 1, "1": 2}),
        ("1.5 2", 1, "3", {"1.5": 2}),
        ("1 3 4", 1, "6", {"3": 2}),
        # Fewer pieces first, of however many strengths.
        ("1 2 5", 1, "8", {"5": 1, "2": 1, "1": 1}),
        # Equal pieces: fewer strengths, then the larger ones.
        ("1 2 3", 1, "4", {"2": 2}),
        ("1 2 3 4 5", 1, "6", {"3": 2}),
        ("1 2 4 5", 1, "6", {"5": 1, "1": 1}),
        # A part is a piece: one half is no better than one whole, and one and a half are two.
        ("1.5 3", 2, "1.5", {"3": "1/2"}),
        ("3", 2, "4.5", {"3": "3/2"}),
        ("3 4.5", 2, "4.5", {"4.5": 1}),
        ("4", 4, "3", {"4": "3/4"}),
        ("4 3", 4, "3", {"4": "3/4"}),
        ("4", 4, "7", {"4": "7/4"}),
        ("3", 3, "2", {"3": "2/3"}),
        ("50", 4, "12.5", {"50": "1/4"}),
    ],
)
def test_of_several_ways_the_right_one_is_taken(
    strengths: str, parts: int, dose: str, expected: dict[str, str | int]
) -> None:
    """F06: taking the largest first is wrong."""
    offered = [Fraction(text) for text in strengths.split()]
    counts = fewest_pieces(Fraction(dose), offered, parts).counts
    assert counts is not None
    assert dict(counts) == {Fraction(text): Fraction(n) for text, n in expected.items()}


@pytest.mark.parametrize(
    ("strengths", "parts", "dose", "below", "above"),
    [
        ("1.5 3 4.5", 1, "2", "1.5", "3"),
        ("50", 4, "4.5", None, "12.5"),
        ("1.5", 2, "1", "0.75", "1.5"),
        ("2 5", 1, "3", "2", "4"),
        ("1.5", 1, "0.001", None, "1.5"),
        ("0.5", 1, "1/3", None, "0.5"),
        ("1/3 1/2", 1, "3/4", "2/3", "5/6"),
    ],
)
def test_the_neighbours_of_a_dose_that_cannot_be_made(
    strengths: str, parts: int, dose: str, below: str | None, above: str
) -> None:
    """A10 (B107, B110): both neighbours, or only the one above."""
    found = fewest_pieces(Fraction(dose), [Fraction(text) for text in strengths.split()], parts)
    assert found.counts is None
    assert found.below == (None if below is None else Fraction(below))
    assert found.above == Fraction(above)


@pytest.mark.parametrize(
    ("strengths", "parts", "dose"),
    [
        (["1 pg", "4.5 mg"], 1, "4.5 mg"),
        (["4.5 mg", "4.500001 mg"], 8, "100 mg"),
        (["1 mg"], 1, "9" * 90 + " mg"),
        (["1 mg"], 8, "1000000 mg"),
        ([f"1/{n} mg" for n in (7, 11, 13, 17, 19, 23, 29, 31, 37, 41)], 8, "4.5 mg"),
    ],
)
def test_a_search_too_large_is_refused_at_once(strengths: list[str], parts: int, dose: str) -> None:
    """S01: limits before work."""
    tablets = Tablets(strengths=strengths, parts=parts)
    began = time.perf_counter()
    with pytest.raises(QuantityError):
        tablets.measure(dose)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("strengths", "parts", "doses"),
    [
        (["0.1 mg", "0.25 mg", "0.5 mg", "1 mg", "1.5 mg", "3 mg", "4.5 mg", "6 mg"], 1, 50),
        (["25 mg", "50 mg"], 4, 100),
        (["1.5 mg", "3 mg", "4.5 mg"], 4, 50),
    ],
)
def test_ordinary_strengths_are_counted_out_to_the_highest_licensed_dose(
    strengths: list[str], parts: int, doses: int
) -> None:
    """S01: the limit leaves every ordinary dose alone, and the search is quick."""
    tablets = Tablets(strengths=strengths, parts=parts)
    smallest = min(map(Mass, strengths)) / parts
    began = time.perf_counter()
    for mg in range(1, doses + 1):
        dose = smallest * (Mass(f"{mg} mg") // smallest)
        if dose:
            reading = tablets.measure(dose)
            assert sum((s * n for s, n in reading.pieces), Mass("0 mg")) == dose
    assert time.perf_counter() - began < 5


def test_a_capsule_is_never_broken() -> None:
    """F06: capsules are whole pieces; the same strengths as tablets in halves do more."""
    assert fewest_pieces(Fraction(3, 2), [Fraction(3)], 1).counts is None
    assert Capsules(strengths=["1.5 mg", "3 mg"]).measure("4.5 mg").units == {
        "capsules": {"3 mg": 1, "1.5 mg": 1}
    }
    halves = Tablets(strengths=["3 mg"], parts=2).measure("1.5 mg")
    assert halves.units == {"tablets": {"3 mg": "1/2"}}


def test_strengths_that_cannot_make_every_dose_are_no_choice() -> None:
    """1 and 3 mg make any whole number, and no half; tablets of 3 mg in thirds make 2 mg."""
    assert fewest_strengths([Fraction(2), Fraction(1, 2)], [Fraction(1), Fraction(3)]) is None
    assert fewest_strengths([Fraction(2)], [Fraction(3)], 3) == (Fraction(3),)


def test_strengths_too_alike_stop_a_plan_as_an_error_of_the_preparation() -> None:
    """0.0001 mg apart up to 50 mg: half a million amounts, each from nine strengths."""
    alike = Capsules(strengths=[f"{n}.0001 mg" for n in range(1, 10)])
    with pytest.raises(InvalidInputError) as caught:
        schedule(Regimen(steps=[{"dose": "50 mg"}], band="standard"), alike, "2027-01-04", days=7)
    (problem,) = caught.value.problems
    assert problem.path == "preparation.strengths"
    assert "too alike" in problem.message


@pytest.mark.hazard("S01")
def test_a_choice_of_strengths_too_large_is_refused() -> None:
    """S01: limits before work."""
    with pytest.raises(QuantityError, match="the strengths too alike"):
        fewest_strengths([Fraction(10**6)], [Fraction(1), Fraction(3, 2)])


@given(
    st.lists(any_doses().map(lambda case: case[0]) | st.integers(1, 8).map(Fraction), min_size=1)
    | st.lists(st.integers(1, 12).map(lambda n: Fraction(n, 2)), min_size=1, max_size=4),
    st.lists(
        st.integers(1, 7).map(Fraction) | st.just(Fraction(1, 2)),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    st.integers(1, 3),
)
@example([Fraction(5)], [Fraction(n) for n in (1, 2, 3, 4)], 1)  # 4 + 1 before 3 + 2
@example([Fraction(7)], [Fraction(n) for n in (1, 2, 3, 4, 5, 6)], 1)  # 6 + 1, 5 + 2, 4 + 3
@example([Fraction(6), Fraction(4)], [Fraction(n) for n in (1, 2, 3, 5)], 1)
def test_the_strengths_kept_are_those_of_the_exhaustive_search(
    doses: list[Fraction], strengths: list[Fraction], parts: int
) -> None:
    """Of all sets that need no more pieces the smallest, then the one of larger strengths."""
    pairs = [(dose, 1) for dose in doses]
    expected = supply_oracle.best_strengths(pairs, strengths, parts)
    assert fewest_strengths(doses, strengths, parts) == expected


LARGEST_COUNTED = [
    # strengths times parts times the amounts up to the dose: 20 000 at most. In halves of 1 mg
    # the amounts are half milligrams.
    (["1"], 1, "20000", "20001"),
    (["1", "2"], 1, "10000", "10001"),
    (["1"], 2, "5000", "5000.5"),
    (["1", "2"], 2, "2500", "2500.5"),
]


@pytest.mark.hazard("S01")
@pytest.mark.parametrize(("strengths", "parts", "most", "too_much"), LARGEST_COUNTED)
def test_the_largest_search_is_done_and_the_next_refused(
    strengths: list[str], parts: int, most: str, too_much: str
) -> None:
    """S01: a dose is searched one smallest piece further, to name the dose above it."""
    offered = [Fraction(text) for text in strengths]
    assert fewest_strengths([Fraction(most)], offered, parts) == (max(offered),)
    with pytest.raises(QuantityError, match="too large"):
        fewest_strengths([Fraction(too_much)], offered, parts)
    smallest = min(offered) / parts
    most_pieces = Fraction(most) - smallest
    counts = fewest_pieces(most_pieces, offered, parts).counts
    assert counts is not None
    assert sum(strength * count for strength, count in counts) == most_pieces
    with pytest.raises(QuantityError, match="too large"):
        fewest_pieces(Fraction(most), offered, parts)


def test_doses_of_about_one_size_share_a_table_a_quarter_larger_at_most() -> None:
    """Of 1 to 20 000 there are 53: each up to 7, four an octave from 8 on, 16 384 and 20 480."""
    tables = {limit: _rounded(limit) for limit in range(1, 20_001)}
    assert all(limit <= size <= limit + limit // 4 for limit, size in tables.items())
    assert len(set(tables.values())) == 7 + 4 * 11 + 2
