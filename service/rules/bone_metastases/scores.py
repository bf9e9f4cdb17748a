"""The two scores that the service publishes as questionnaires.

Mirels: RAO, radiothérapie §1.2, Tableau 3. SINS: RAO, radiothérapie §1.2 names its six criteria and its 0 to 18 points;
the points of each answer are those of the Spine Oncology Study Group (Fisher 2010).
"""

from __future__ import annotations

from mappings.facts.bones import FIRST_VERTEBRA
from mappings.vocabulary.bone_names import of_stretch
from mappings.vocabulary.scores import Answer, Question, Score, ScoreLevel, SiteQuestion
from service.rules.bone_metastases import bone_scores
from service.rules.bone_metastases.wording import _, _c

BONE = _c("question", "bone")

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
        ScoreLevel(4, _("{points} or less: observation, radiotherapy", points=bone_scores.MIRELS_LEVELS.most_low)),
        ScoreLevel(
            bone_scores.MIRELS_LEVELS.middle, _("{points}: tumour board", points=bone_scores.MIRELS_LEVELS.middle)
        ),
        ScoreLevel(
            bone_scores.MIRELS_LEVELS.high,
            _("{points} or more: prophylactic fixation", points=bone_scores.MIRELS_LEVELS.high),
        ),
    ),
    SiteQuestion(
        "bone",
        BONE,
        (
            ("71341001", _("femur")),
            ("85050009", _("humerus")),
            ("12611008", _("tibia")),
            ("62413002", _("radius")),
            ("23416004", _("ulna")),
            ("87342007", _("fibula")),
        ),
        _c("question", "side"),
    ),
)

VERTEBRAE = (
    *("14806007", "39976000", "113205007", "5329002", "36978003", "36054005", "87391001"),
    *("64864005", "53733008", "1626008", "73071006", "56401006", "45296009"),
    *("62487009", "11068009", "82687006", "7610001", "12989004", "23215003"),
    *("66794005", "14293000", "36470004", "11994002", "49668003"),
    *("65985001", "11808007", "49967005", "69950008", "21452006"),
)
"""SNOMED CT codes of C1 to C7, T1 to T12, L1 to L5, S1 to S5 (`valuesets/bones.csv`): the score is that of one vertebra."""

SINS_NAME = _("SINS")
"""The score as it is called."""

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
        ScoreLevel(0, _("{points} or less: stable", points=bone_scores.SINS_LEVELS.most_low)),
        ScoreLevel(
            bone_scores.SINS_LEVELS.middle,
            _(
                "{points} to {most}: potentially unstable, surgical opinion",
                points=bone_scores.SINS_LEVELS.middle,
                most=bone_scores.SINS_LEVELS.most_middle,
            ),
        ),
        ScoreLevel(
            bone_scores.SINS_LEVELS.high,
            _("{points} or more: unstable, surgical opinion", points=bone_scores.SINS_LEVELS.high),
        ),
    ),
    SiteQuestion(
        "bone",
        _c("question", "vertebra"),
        tuple((code, of_stretch(number, number)) for number, code in enumerate(VERTEBRAE, FIRST_VERTEBRA)),
    ),
)
