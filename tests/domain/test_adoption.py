"""The nearest plan for a line that stands on a panel: by what can be seen of it; none where that does not decide."""

from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.adoption import Candidate, Guess, Seen, nearest

BOUQUETS = st.frozensets(st.sampled_from("12345"))
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        plan_id=st.integers(1, 99),
        kind=st.sampled_from(["stream", "mag"]),
        panel_plan=st.sampled_from(["", "BASIC", "FULL"]),
        bouquets=BOUQUETS,
        connections=st.integers(0, 4),
    ),
    unique_by=lambda one: one.plan_id,
)
SEEN = st.builds(
    Seen,
    kind=st.sampled_from(["stream", "mag"]),
    panel_plan=st.none() | st.sampled_from(["BASIC", "FULL"]),
    bouquets=st.none() | BOUQUETS,
    connections=st.none() | st.integers(0, 4),
)


def plan(plan_id, bouquets="", *, panel_plan="", connections=1, kind="stream"):
    return Candidate(plan_id, kind, panel_plan, frozenset(bouquets), connections)


def test_the_same_bouquets_and_screens_are_a_hundred():
    seen = Seen("stream", None, frozenset("13"), 2)
    assert nearest(seen, [plan(1, "1"), plan(2, "13", connections=2)]) == Guess(2, 100)


def test_a_share_of_the_bouquets_counts_three_times_as_much_as_the_screens():
    # two of three bouquets (66), one of two screens (50): (3 × 66 + 50) / 4 = 62
    assert nearest(Seen("stream", None, frozenset("12"), 1), [plan(1, "123", connections=2)]) == Guess(1, 62)


def test_on_a_panel_that_knows_plans_its_plan_decides():
    seen = Seen("mag", "BASIC", frozenset(), None)
    boxes = [plan(1, panel_plan="FULL", kind="mag"), plan(2, panel_plan="BASIC", kind="mag")]
    assert nearest(seen, boxes) == Guess(2, 100)


def test_two_that_fit_equally_well_are_left_to_a_person():
    assert nearest(Seen("stream", None, frozenset("1"), 1), [plan(1, "1"), plan(2, "1")]) == Guess(None, 100, (1, 2))


def test_without_bouquets_nothing_is_told():
    assert nearest(Seen("stream", None, None, 1), [plan(1, "1")]) == Guess()


@given(SEEN, CANDIDATES)
def test_a_guess_is_of_the_lines_kind_and_no_other_fits_better(seen, candidates):
    found = nearest(seen, candidates)
    assert 0 <= found.score <= 100
    kinds = {one.plan_id: one.kind for one in candidates}
    assert all(kinds[plan_id] == seen.kind for plan_id in (found.plan_id, *found.tied) if plan_id is not None)
    assert len(found.tied) != 1
    for one in candidates:
        alone = nearest(seen, [one])
        assert alone.plan_id is None or alone.score <= found.score


@given(SEEN, CANDIDATES)
def test_the_order_of_the_plans_does_not_matter(seen, candidates):
    assert nearest(seen, candidates) == nearest(seen, candidates[::-1])
