"""The two scores that the service publishes as questionnaires, and their QuestionnaireResponses as recorded findings.

Mirels: RAO, radiothérapie §1.2, Tableau 3. SINS: RAO, radiothérapie §1.2 names its six criteria and its 0 to 18 points;
the points of each answer are those of the Spine Oncology Study Group (Fisher 2010).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from mappings.dates import UnreadableDate
from mappings.evidence import Resource
from mappings.facts import Finding
from mappings.quantities import exactly
from mappings.readers.findings import KINDS, FindingReading
from mappings.readers.newest import UNDATED
from mappings.readers.observations import decimal_of
from mappings.readers.reader import Reader
from mappings.readers.shapes import a_map, a_text, maps
from mappings.readers.sites import regions_of
from mappings.wording import Amount, Text, _, _c

CANONICAL = "urn:osteocds:questionnaire:"
USED_STATUSES = frozenset({"completed", "amended"})
BONE = "bone"
"""linkId of the bone that the score is about."""

ANSWERS = "urn:osteocds:answer"
"""Code system of the answers."""

SNOMED = "http://snomed.info/sct"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a question: its code, its words, its points."""

    code: str
    text: Text
    points: int


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a score."""

    code: str
    text: Text
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """What a total means, from `first` on."""

    first: int
    text: Text


@dataclass(frozen=True, slots=True)
class Score:
    """A score: its finding, what it is about, its questions, what its totals mean. `bones` are (SNOMED CT code, words)."""

    id: str
    finding: str
    title: Text
    about: Text
    source: Text
    questions: tuple[Question, ...]
    bands: tuple[Band, ...]
    bones: tuple[tuple[str, Text], ...]

    @property
    def canonical(self) -> str:
        """The canonical URL of the questionnaire."""
        return f"{CANONICAL}{self.id}"

    def meaning(self, total: int) -> Text:
        """The band of a total."""
        return max((band for band in self.bands if band.first <= total), key=lambda band: band.first).text


MIRELS = Score(
    "mirels",
    "mirels-score",
    _c("title", "Mirels score"),
    _("Risk of fracture of a long bone with a metastasis"),
    _(
        "Auvergne-Rhône-Alpes referential of thoracic oncology 2023, radiotherapy §1.2, Tableau 3",
    ),
    (
        Question(
            "site",
            _("Site of the lesion"),
            (
                Answer("upper-limb", _("upper limb"), 1),
                Answer("lower-limb", _("lower limb"), 2),
                Answer("trochanteric", _("trochanteric region"), 3),
            ),
        ),
        Question(
            "size",
            _("Size, as part of the cortex"),
            (
                Answer("under-third", _("less than 1/3"), 1),
                Answer("third-to-two-thirds", _("1/3 to 2/3"), 2),
                Answer("over-two-thirds", _("more than 2/3"), 3),
            ),
        ),
        Question(
            "type",
            _("Type of lesion"),
            (
                Answer("blastic", _("blastic"), 1),
                Answer("mixed", _("mixed"), 2),
                Answer("lytic", _("lytic"), 3),
            ),
        ),
        Question(
            "pain",
            _("Pain"),
            (
                Answer("mild", _("mild"), 1),
                Answer("moderate", _("moderate"), 2),
                Answer("functional", _("disabling"), 3),
            ),
        ),
    ),
    (
        Band(4, _("7 or less: observation, radiotherapy")),
        Band(8, _("8: tumour board")),
        Band(9, _("9 or more: prophylactic fixation")),
    ),
    (
        ("71341001", _("femur")),
        ("85050009", _("humerus")),
        ("12611008", _("tibia")),
        ("62413002", _("radius")),
        ("23416004", _("ulna")),
        ("87342007", _("fibula")),
    ),
)

SINS = Score(
    "sins",
    "sins-score",
    _("Spinal instability neoplastic score (SINS)"),
    _("Stability of a spine with a metastasis"),
    _(
        "Auvergne-Rhône-Alpes referential of thoracic oncology 2023, radiotherapy §1.2; points of Fisher 2010",
    ),
    (
        Question(
            "location",
            _("Location"),
            (
                Answer(
                    "junctional",
                    _(
                        "junctional (occiput-C2, C7-T2, T11-L1, L5-S1)",
                    ),
                    3,
                ),
                Answer("mobile", _("mobile (C3-C6, L2-L4)"), 2),
                Answer("semi-rigid", _("semi-rigid (T3-T10)"), 1),
                Answer("rigid", _("rigid (S2-S5)"), 0),
            ),
        ),
        Question(
            "pain",
            _("Pain"),
            (
                Answer(
                    "mechanical",
                    _(
                        "relieved by lying down, or on movement or loading",
                    ),
                    3,
                ),
                Answer("not-mechanical", _("occasional, not mechanical"), 1),
                Answer("none", _("none"), 0),
            ),
        ),
        Question(
            "lesion",
            _("Bone lesion"),
            (
                Answer("lytic", _("lytic"), 2),
                Answer("mixed", _("mixed"), 1),
                Answer("blastic", _("blastic"), 0),
            ),
        ),
        Question(
            "alignment",
            _("Alignment on imaging"),
            (
                Answer("subluxation", _("subluxation or translation"), 4),
                Answer(
                    "deformity",
                    _("new deformity (kyphosis, scoliosis)"),
                    2,
                ),
                Answer("normal", _("normal"), 0),
            ),
        ),
        Question(
            "collapse",
            _("Collapse of the vertebral body"),
            (
                Answer("over-half", _("more than 50 %"), 3),
                Answer("under-half", _("less than 50 %"), 2),
                Answer(
                    "involved",
                    _("none, more than 50 % of the body involved"),
                    1,
                ),
                Answer("none", _("none of these"), 0),
            ),
        ),
        Question(
            "posterolateral",
            _(
                "Posterolateral involvement (facet, pedicle, rib joint)",
            ),
            (
                Answer("bilateral", _("both sides"), 3),
                Answer("unilateral", _("one side"), 1),
                Answer("none", _("none"), 0),
            ),
        ),
    ),
    (
        Band(0, _("6 or less: stable")),
        Band(
            7,
            _("7 to 12: potentially unstable, surgical opinion"),
        ),
        Band(13, _("13 or more: unstable, surgical opinion")),
    ),
    (
        ("122494005", _("cervical spine")),
        ("122495006", _("thoracic spine")),
        ("122496007", _("lumbar spine")),
        ("54735007", _("sacrum")),
    ),
)

SCORES: Mapping[str, Score] = MappingProxyType({score.id: score for score in (MIRELS, SINS)})


# --- responses --------------------------------------------------------------------------------------------------------


def read_response(reader: Reader, response: Resource, source: str) -> tuple[str, FindingReading] | None:
    """The finding and the total of a completed response to one of our questionnaires; None for any other.

    The total is added up from the answers; a total that is stated beside all of them and differs makes it unusable.
    A total without any answer counts where the score can reach it.
    """
    canonical = a_text(response.get("questionnaire")).partition("|")[0]
    score = SCORES.get(canonical.removeprefix(CANONICAL)) if canonical.startswith(CANONICAL) else None
    if score is None or a_text(response.get("status")) not in USED_STATUSES:
        return None
    answers = {a_text(item.get("linkId")): next(maps(item.get("answer")), {}) for item in maps(response.get("item"))}
    regions = regions_of(reader, {"coding": [a_map(answers.get(BONE, {}).get("valueCoding"))]})
    problem = _unusable(score, source)
    try:
        when = reader.clock.read(response.get("authored"))
    except UnreadableDate:
        if response.get("authored") is not None:
            return score.finding, FindingReading(source, None, problem=problem, undatable=True, regions=regions)
        undated = UNDATED.with_(source=source)
        return score.finding, FindingReading(source, None, problem=undated, regions=regions)
    if reader.clock.too_far_ahead(when):
        return score.finding, FindingReading(source, when, regions=regions)
    total = _total(score, answers)
    if total is None:
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
    kind = KINDS[score.finding]
    if not answered and stated is not None and stated == int(stated) and kind.lowest <= stated <= kind.highest:
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
