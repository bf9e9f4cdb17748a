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

from mappings.clock import Clock
from mappings.concepts import Terminology
from mappings.dates import UnreadableDate
from mappings.evidence import Resource
from mappings.facts import Finding
from mappings.findings import KINDS, FindingReading
from mappings.laboratory import UNDATED, dated_ahead, decimal_of
from mappings.quantities import exactly
from mappings.shapes import a_map, a_text, maps
from mappings.sites import regions_of
from mappings.wording import Amount, Text

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
    Text("Mirels score", "Score de Mirels"),
    Text("Risk of fracture of a long bone with a metastasis", "Risque de fracture d'un os long métastatique"),
    Text(
        "Auvergne-Rhône-Alpes referential of thoracic oncology 2023, radiotherapy §1.2, Tableau 3",
        "Référentiels Auvergne Rhône-Alpes en oncologie thoracique 2023, radiothérapie §1.2, Tableau 3",
    ),
    (
        Question(
            "site",
            Text("Site of the lesion", "Localisation de la lésion"),
            (
                Answer("upper-limb", Text("upper limb", "membre supérieur"), 1),
                Answer("lower-limb", Text("lower limb", "membre inférieur"), 2),
                Answer("trochanteric", Text("trochanteric region", "région trochantérienne"), 3),
            ),
        ),
        Question(
            "size",
            Text("Size, as part of the cortex", "Taille, en part de la corticale"),
            (
                Answer("under-third", Text("less than 1/3", "moins de 1/3"), 1),
                Answer("third-to-two-thirds", Text("1/3 to 2/3", "1/3 à 2/3"), 2),
                Answer("over-two-thirds", Text("more than 2/3", "plus de 2/3"), 3),
            ),
        ),
        Question(
            "type",
            Text("Type of lesion", "Type de lésion"),
            (
                Answer("blastic", Text("blastic", "condensante"), 1),
                Answer("mixed", Text("mixed", "mixte"), 2),
                Answer("lytic", Text("lytic", "lytique"), 3),
            ),
        ),
        Question(
            "pain",
            Text("Pain", "Douleur"),
            (
                Answer("mild", Text("mild", "légère"), 1),
                Answer("moderate", Text("moderate", "modérée"), 2),
                Answer("functional", Text("disabling", "handicapante"), 3),
            ),
        ),
    ),
    (
        Band(4, Text("7 or less: observation, radiotherapy", "7 ou moins : observation, radiothérapie")),
        Band(8, Text("8: tumour board", "8 : décision de RCP")),
        Band(9, Text("9 or more: prophylactic fixation", "9 ou plus : fixation prophylactique")),
    ),
    (
        ("71341001", Text("femur", "fémur")),
        ("85050009", Text("humerus", "humérus")),
        ("12611008", Text("tibia", "tibia")),
        ("62413002", Text("radius", "radius")),
        ("23416004", Text("ulna", "ulna")),
        ("87342007", Text("fibula", "fibula")),
    ),
)

SINS = Score(
    "sins",
    "sins-score",
    Text("Spinal instability neoplastic score (SINS)", "Score d'instabilité rachidienne néoplasique (SINS)"),
    Text("Stability of a spine with a metastasis", "Stabilité d'un rachis métastatique"),
    Text(
        "Auvergne-Rhône-Alpes referential of thoracic oncology 2023, radiotherapy §1.2; points of Fisher 2010",
        "Référentiels Auvergne Rhône-Alpes en oncologie thoracique 2023, radiothérapie §1.2 ; points de Fisher 2010",
    ),
    (
        Question(
            "location",
            Text("Location", "Topographie"),
            (
                Answer(
                    "junctional",
                    Text(
                        "junctional (occiput-C2, C7-T2, T11-L1, L5-S1)",
                        "jonctionnelle (occiput-C2, C7-T2, T11-L1, L5-S1)",
                    ),
                    3,
                ),
                Answer("mobile", Text("mobile (C3-C6, L2-L4)", "mobile (C3-C6, L2-L4)"), 2),
                Answer("semi-rigid", Text("semi-rigid (T3-T10)", "semi-rigide (T3-T10)"), 1),
                Answer("rigid", Text("rigid (S2-S5)", "rigide (S2-S5)"), 0),
            ),
        ),
        Question(
            "pain",
            Text("Pain", "Douleur"),
            (
                Answer(
                    "mechanical",
                    Text(
                        "relieved by lying down, or on movement or loading",
                        "soulagée allongé, ou au mouvement ou à la charge",
                    ),
                    3,
                ),
                Answer("not-mechanical", Text("occasional, not mechanical", "occasionnelle, non mécanique"), 1),
                Answer("none", Text("none", "aucune"), 0),
            ),
        ),
        Question(
            "lesion",
            Text("Bone lesion", "Aspect de la lésion"),
            (
                Answer("lytic", Text("lytic", "lytique"), 2),
                Answer("mixed", Text("mixed", "mixte"), 1),
                Answer("blastic", Text("blastic", "condensante"), 0),
            ),
        ),
        Question(
            "alignment",
            Text("Alignment on imaging", "Alignement en imagerie"),
            (
                Answer("subluxation", Text("subluxation or translation", "subluxation ou translation"), 4),
                Answer(
                    "deformity",
                    Text("new deformity (kyphosis, scoliosis)", "déformation nouvelle (cyphose, scoliose)"),
                    2,
                ),
                Answer("normal", Text("normal", "normal"), 0),
            ),
        ),
        Question(
            "collapse",
            Text("Collapse of the vertebral body", "Tassement du corps vertébral"),
            (
                Answer("over-half", Text("more than 50 %", "plus de 50 %"), 3),
                Answer("under-half", Text("less than 50 %", "moins de 50 %"), 2),
                Answer(
                    "involved",
                    Text("none, more than 50 % of the body involved", "aucun, plus de 50 % du corps atteint"),
                    1,
                ),
                Answer("none", Text("none of these", "rien de cela"), 0),
            ),
        ),
        Question(
            "posterolateral",
            Text(
                "Posterolateral involvement (facet, pedicle, rib joint)",
                "Atteinte postérolatérale (facette, pédicule, articulation costale)",
            ),
            (
                Answer("bilateral", Text("both sides", "bilatérale"), 3),
                Answer("unilateral", Text("one side", "unilatérale"), 1),
                Answer("none", Text("none", "aucune"), 0),
            ),
        ),
    ),
    (
        Band(0, Text("6 or less: stable", "6 ou moins : stable")),
        Band(
            7,
            Text(
                "7 to 12: potentially unstable, surgical opinion", "7 à 12 : potentiellement instable, avis chirurgical"
            ),
        ),
        Band(13, Text("13 or more: unstable, surgical opinion", "13 ou plus : instable, avis chirurgical")),
    ),
    (
        ("122494005", Text("cervical spine", "rachis cervical")),
        ("122495006", Text("thoracic spine", "rachis thoracique")),
        ("122496007", Text("lumbar spine", "rachis lombaire")),
        ("54735007", Text("sacrum", "sacrum")),
    ),
)

SCORES: Mapping[str, Score] = MappingProxyType({score.id: score for score in (MIRELS, SINS)})


# --- responses --------------------------------------------------------------------------------------------------------


def read_response(
    source: str, response: Resource, clock: Clock, terminology: Terminology
) -> tuple[str, FindingReading] | None:
    """The finding and the total of a completed response to one of our questionnaires; None for any other.

    The total is added up from the answers; a total that is stated beside all of them and differs makes it unusable.
    A total without any answer counts where the score can reach it.
    """
    canonical = a_text(response.get("questionnaire")).partition("|")[0]
    score = SCORES.get(canonical.removeprefix(CANONICAL)) if canonical.startswith(CANONICAL) else None
    if score is None or a_text(response.get("status")) not in USED_STATUSES:
        return None
    answers = {a_text(item.get("linkId")): next(maps(item.get("answer")), {}) for item in maps(response.get("item"))}
    regions = regions_of({"coding": [a_map(answers.get(BONE, {}).get("valueCoding"))]}, terminology)
    try:
        when = clock.read(response.get("authored"))
    except UnreadableDate:
        if response.get("authored") is not None:
            return score.finding, FindingReading(source, None, regions, _unusable(score, source))
        undated = Text(UNDATED.en, UNDATED.fr, source=source)
        return score.finding, FindingReading(source, None, regions, undated, undated=True)
    if clock.too_far_ahead(when):
        return score.finding, FindingReading(source, None, regions, ahead=dated_ahead(source, when))
    total = _total(score, answers)
    finding = Finding(None, None, None, KINDS[score.finding].unit, when, source, regions)
    if total is None:
        return score.finding, FindingReading(source, finding, regions, _unusable(score, source))
    value = Decimal(total)
    finding = Finding(exactly(value), None, None, "1", when, source, regions, Amount(value, "1"))
    return score.finding, FindingReading(source, finding, regions)


def _unusable(score: Score, source: str) -> Text:
    return Text(
        "{source} ({what}) is incomplete, or its total is not that of its answers: fill it again",
        "{source} ({what}) est incomplet, ou son total n'est pas celui de ses réponses : le remplir de nouveau",
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
