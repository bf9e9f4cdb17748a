"""Mirels and SINS: points and bands as they were published, and what a response to their questionnaires says."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from support.published_scores import PUBLISHED, TEN, response
from support.reading import SCORES, reader_at
from support.scenario import NOW

from mappings.readers.findings import FindingReading
from mappings.readers.responses import read_response
from service.languages.render import Language, render

Resource = dict[str, Any]

READER = reader_at(NOW)

BANDS = {
    "mirels": [(range(4, 8), "7 or less"), (range(8, 9), "8: tumour board"), (range(9, 13), "9 or more")],
    "sins": [(range(7), "6 or less: stable"), (range(7, 13), "7 to 12: potentially"), (range(13, 19), "13 or more")],
}
"""Mirels: RAO radiotherapy §1.2. SINS: Fisher 2010; from 7 on a surgical opinion (RAO §1.2)."""


def read(resource: Resource) -> tuple[str, FindingReading] | None:
    return read_response(READER, resource, "QuestionnaireResponse/1")


def total_of(resource: Resource) -> int | None:
    """The total that the rules see; None where the response is unusable."""
    reading = read(resource)
    assert reading is not None
    finding = reading[1].found
    return None if finding is None or finding.bounds is None else int(finding.bounds.exact)


# --- points and bands -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCORES)
def test_the_total_of_every_possible_response_is_the_sum_of_the_published_points(name: str) -> None:
    totals = set()
    for answers in product(*(points.items() for points in PUBLISHED[name].values())):
        codes = {question: code for question, (code, _) in zip(PUBLISHED[name], answers, strict=True)}
        expected = sum(points for _, points in answers)
        assert total_of(response(score=name, answers=codes)) == expected
        totals.add(expected)
    assert totals == {total for band, _ in BANDS[name] for total in band}


@pytest.mark.parametrize(
    ("name", "total", "words"),
    [(name, total, words) for name, bands in BANDS.items() for band, words in bands for total in band],
)
def test_every_total_that_a_response_may_have_is_in_its_band(name: str, total: int, words: str) -> None:
    read_as = total_of(response(score=name, total=total))
    assert read_as is not None
    assert render(SCORES[name].meaning(read_as), Language.ENGLISH).startswith(words)


# --- reading a response -----------------------------------------------------------------------------------------------


def test_a_total_that_agrees_with_the_answers_is_used() -> None:
    assert total_of(response(score="mirels", answers=TEN, total=10)) == 10


@pytest.mark.parametrize("stated", [9, 11])
def test_a_total_that_contradicts_the_answers_makes_it_unusable(stated: int) -> None:
    resource = response(score="mirels", answers=TEN, total=stated)
    assert total_of(resource) is None
    _, reading = read(resource) or pytest.fail("it is a response of ours")
    assert reading.problem is not None
    assert "fill it again" in render(reading.problem, Language.ENGLISH)


@pytest.mark.parametrize("left_out", TEN)
def test_an_unanswered_question_makes_it_unusable_whatever_total_is_stated(left_out: str) -> None:
    answers = {question: code for question, code in TEN.items() if question != left_out}
    assert total_of(response(score="mirels", answers=answers)) is None
    assert total_of(response(score="mirels", answers=answers, total=10)) is None


def test_an_answer_of_no_known_code_makes_it_unusable() -> None:
    assert total_of(response(score="mirels", answers={**TEN, "pain": "unbearable"})) is None


@pytest.mark.parametrize(
    ("score", "total", "used"),
    [
        *(("mirels", total, used) for total, used in ((3, None), (4, 4), (12, 12), (13, None))),
        *(("sins", total, used) for total, used in ((-1, None), (0, 0), (18, 18), (19, None))),
        ("mirels", 8.5, None),
    ],
)
def test_a_total_without_any_answer_is_used_where_the_score_can_reach_it(
    score: str, total: float, used: int | None
) -> None:
    assert total_of(response(score=score, total=total)) == used


def test_a_total_may_be_written_as_a_decimal() -> None:
    resource = response(score="mirels", total=8)
    resource["item"][0]["answer"] = [{"valueInteger": None, "valueDecimal": 9.0}]
    assert total_of(resource) == 9


def test_a_response_without_answers_or_total_is_unusable() -> None:
    assert total_of(response(score="mirels")) is None


def test_an_undated_response_has_no_value_and_says_so() -> None:
    resource = response(score="mirels", answers=TEN, undated=True)
    assert "authored" not in resource
    name, reading = read(resource) or pytest.fail("it is a response of ours")
    assert (name, reading.when, reading.undatable, reading.found) == ("mirels-score", None, False, None)
    assert reading.problem is not None


def test_a_response_whose_date_cannot_be_read_may_be_the_newest_and_is_unusable() -> None:
    _, reading = read({**response(score="mirels", answers=TEN), "authored": "yesterday"}) or pytest.fail("it is ours")
    assert (reading.when, reading.undatable, reading.found) == (None, True, None)
    assert reading.problem is not None


def test_the_bone_that_is_named_is_kept() -> None:
    _, named = read(response(score="mirels", answers=TEN, bone="femur")) or pytest.fail("it is a response of ours")
    _, unnamed = read(response(score="mirels", answers=TEN)) or pytest.fail("it is a response of ours")
    assert named.regions
    assert not unnamed.regions


@pytest.mark.parametrize("status", ["in-progress", "entered-in-error", "stopped"])
def test_a_response_that_was_not_completed_is_none(status: str) -> None:
    assert read(response(score="mirels", answers=TEN, status=status)) is None


def test_an_amended_response_counts() -> None:
    assert total_of(response(score="mirels", answers=TEN, status="amended")) == 10


def test_a_version_after_the_canonical_url_does_not_matter() -> None:
    resource = response(score="mirels", answers=TEN)
    assert total_of({**resource, "questionnaire": resource["questionnaire"] + "|0.1.0"}) == 10


@pytest.mark.parametrize("canonical", ["urn:osteocds:questionnaire:phq9", "https://example.org/Questionnaire/mirels"])
def test_a_response_to_another_questionnaire_is_none_of_ours(canonical: str) -> None:
    assert read({**response(score="mirels", answers=TEN), "questionnaire": canonical}) is None


def test_a_response_dated_after_tomorrow_is_not_used_and_reported() -> None:
    assert total_of(response(score="mirels", answers=TEN, **{"days ago": -1})) == 10
    found = read(response(score="mirels", answers=TEN, **{"days ago": -2}))
    assert found is not None
    assert (found[1].found, found[1].problem) == (None, None)
    assert found[1].when is not None
    assert READER.clock.too_far_ahead(found[1].when)
