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
from mappings.readers.scores import incomplete, of_no_known_bone, points_of
from mappings.readers.sites import LATERALITY_EXTENSION, regions_of, unplaced
from mappings.readers.standing import modified_nodes, standing
from mappings.shapes import a_map, a_text, maps
from mappings.vocabulary.elements import RESPONSE_STATUS
from mappings.vocabulary.scores import Score
from mappings.wording import Amount

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
    answers = {
        a_text(item.get("linkId")): next(iter(maps(item.get("answer"))), {}) for item in maps(response.get("item"))
    }
    place = _place(score, answers)
    regions = regions_of(reader, place)
    problem = incomplete(score, source)
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
    if unplaced(reader, place, regions):
        return score.finding, FindingReading(source, when, problem=of_no_known_bone(score, source))
    points = Decimal(total)
    finding = Finding(exactly(points), None, None, "1", when, source, regions, Amount(points, "1"))
    return score.finding, FindingReading(source, when, finding, regions=regions)


def _place(score: Score, answers: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answers where and which side, as the CodeableConcept of a body site; empty where no site is answered."""
    if score.site is None or not (where := answers.get(score.site.code)):
        return {}
    site: dict[str, Any] = {"coding": [a_map(where.get("valueCoding"))]}
    if score.site.side is not None and (which := answers.get(score.site.side_code)):
        side = {"coding": [a_map(which.get("valueCoding"))]}
        site["extension"] = [{"url": LATERALITY_EXTENSION, "valueCodeableConcept": side}]
    return site


def _total(score: Score, answers: Mapping[str, Mapping[str, Any]]) -> int | None:
    """The sum of all answers, unless another total is stated; a stated total where nothing is answered."""
    points = points_of(score, answers)
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
