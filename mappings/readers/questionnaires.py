"""QuestionnaireResponses of the scores that the service publishes, as recorded findings."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mappings.dates import UnreadableDate
from mappings.evidence import Resource
from mappings.facts import Finding
from mappings.quantities import decimal_of, exactly
from mappings.readers.findings import FindingReading
from mappings.readers.newest import UNDATED
from mappings.readers.reader import Reader
from mappings.readers.sites import regions_of
from mappings.readers.standing import modified_nodes, standing
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.elements import RESPONSE_STATUS
from mappings.vocabulary.scores import Question, Score
from mappings.wording import Amount, Text, _

FILLED = frozenset({"completed", "amended"})
NOT_FILLED = frozenset({"in-progress", "stopped", "entered-in-error"})


def read_response(reader: Reader, response: Resource, source: str) -> tuple[str, FindingReading] | None:
    """The finding and the total of a completed response to the questionnaire of a score; None for any other.

    The total is added up from the answers; a total that is stated beside all of them and differs makes it unusable.
    A total without any answer counts where the score can reach it.
    """
    score = reader.terminology.score_of(a_text(response.get("questionnaire")).partition("|")[0])
    if score is None:
        return None
    stands = standing(response, RESPONSE_STATUS, counting=FILLED, never=NOT_FILLED)
    if stands.counts is False:
        return None
    answers = {a_text(item.get("linkId")): next(maps(item.get("answer")), {}) for item in maps(response.get("item"))}
    site = answers.get(score.site.code, {}) if score.site is not None else {}
    regions = regions_of(reader, {"coding": [a_map(site.get("valueCoding"))]})
    problem = _unusable(score, source)
    try:
        when = reader.clock.read(response.get("authored"))
    except UnreadableDate:
        if reader.states(response.get("authored")):
            return score.finding, FindingReading(source, None, problem=problem, undatable=True, regions=regions)
        undated = UNDATED.with_(source=source)
        return score.finding, FindingReading(source, None, problem=undated, regions=regions)
    if reader.clock.too_far_ahead(when):
        return score.finding, FindingReading(source, when, regions=regions)
    total = _total(score, answers)
    if total is None or stands.why is not None or any(modified_nodes(response, "item")):
        return score.finding, FindingReading(source, when, problem=problem, regions=regions)
    points = Decimal(total)
    finding = Finding(exactly(points), None, None, "1", when, source, regions, Amount(points, "1"))
    return score.finding, FindingReading(source, when, finding, regions=regions)


def _unusable(score: Score, source: str) -> Text:
    return _(
        "{source} ({what}) is incomplete, or its total is not that of its answers: fill it again",
        source=source,
        what=score.title,
    )


def _total(score: Score, answers: Mapping[str, Mapping[str, Any]]) -> int | None:
    """The sum of all answers, unless another total is stated; a stated total where nothing is answered."""
    points = [_points(question, answers.get(question.code, {})) for question in score.questions]
    answered = [one for one in points if one is not None]
    stated = decimal_of(_value(answers.get(score.finding, {})))
    if not answered and stated is not None and stated == int(stated) and score.lowest <= stated <= score.highest:
        return int(stated)
    if len(answered) < len(points):
        return None
    total = sum(answered)
    return total if stated is None or stated == total else None


def _value(answer: Mapping[str, Any]) -> object:
    return next((answer[name] for name in ("valueInteger", "valueDecimal") if answer.get(name) is not None), None)


def _points(question: Question, answer: Mapping[str, Any]) -> int | None:
    code = a_text(a_map(answer.get("valueCoding")).get("code"))
    return next((one.points for one in question.answers if one.code == code), None)
