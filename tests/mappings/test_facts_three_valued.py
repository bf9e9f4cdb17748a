"""Known, absent, unavailable: what is not there fulfils nothing, and what could not be looked up stays open."""

from __future__ import annotations

import pytest

from mappings.facts import Absent, Collected, FactNotKnownError, Known, Unavailable, known
from mappings.wording import _

WHAT = _("calcium")
GAP = _("a page is missing")
A_FACT_OF_EACH_KIND = (Known(WHAT, 3), Absent(WHAT), Unavailable(WHAT, (GAP,)))


def test_only_a_known_fact_can_fulfil_a_condition_and_one_that_could_not_be_looked_up_leaves_it_open():
    assert [fact.test(lambda value: value > 2) for fact in A_FACT_OF_EACH_KIND] == [True, False, None]
    assert [fact.test(lambda value: value > 3) for fact in A_FACT_OF_EACH_KIND] == [False, False, None]


def test_the_value_of_a_fact_that_is_not_known_is_refused_by_name():
    a_known, absent, unavailable = A_FACT_OF_EACH_KIND
    assert known(a_known).value == 3
    for fact in (absent, unavailable):
        with pytest.raises(FactNotKnownError, match="calcium is not known"):
            known(fact)


@pytest.mark.parametrize(
    ("entries", "gaps", "answer"),
    [
        ((), (), False),
        ((False, False), (), False),
        ((False, True), (), True),
        ((None, False), (), None),
        ((False, None), (), None),
        ((None, True), (), True),
        ((), (GAP,), None),
        ((False,), (GAP,), None),
        ((True,), (GAP,), True),
    ],
)
def test_a_gap_or_an_entry_that_cannot_tell_may_hide_one_but_one_that_is_found_is_found(entries, gaps, answer):
    assert Collected(WHAT, entries, gaps).any(lambda entry: entry) is answer
