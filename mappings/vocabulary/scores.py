"""Scores: a few questions whose answers have points, published as questionnaires and read back as a recorded finding.

What scores there are is for the guidelines to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from mappings.vocabulary.bones import SIDE_CODES
from mappings.wording import Text, _c

CANONICAL = "urn:osteocds:questionnaire:"
ANSWERS = "urn:osteocds:answer"
"""Code system of the answers."""

QUESTIONS = "urn:osteocds:question"
"""Code system of the questions, where the answers stand beside a recorded total."""

SIDES: tuple[tuple[str, Text], ...] = (
    (SIDE_CODES["left"], _c("side of a bone", "left")),
    (SIDE_CODES["right"], _c("side of a bone", "right")),
)
"""The answers of the question which side, in the shape of `SiteQuestion.sites`."""


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
class SiteQuestion:
    """The questions where the score was taken, without points: the site, and which side where sites have one.

    A question is its code and its words; the sites are (SNOMED CT code, words). The code of the side is `side_code`.
    """

    code: str
    text: Text
    sites: tuple[tuple[str, Text], ...]
    side: Text | None = None

    @property
    def side_code(self) -> str:
        """The code of the question which side."""
        return "side"


@dataclass(frozen=True, slots=True)
class ScoreLevel:
    """What a total means, from `first` on."""

    first: int
    text: Text


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """A score: its finding, what it is about, its questions, what its totals mean, and the site where it has one."""

    id: str
    finding: str
    title: Text
    about: Text
    source: Text
    questions: tuple[Question, ...]
    bands: tuple[ScoreLevel, ...]
    site: SiteQuestion | None = None

    def question_code(self, question: Question) -> str:
        """The code of one of its questions among those of all scores."""
        return f"{self.id}-{question.code}"

    @property
    def canonical(self) -> str:
        """The canonical URL of the questionnaire."""
        return f"{CANONICAL}{self.id}"

    @property
    def lowest(self) -> int:
        """The least total of all answers."""
        return sum(min(answer.points for answer in question.answers) for question in self.questions)

    @property
    def highest(self) -> int:
        """The greatest total of all answers."""
        return sum(max(answer.points for answer in question.answers) for question in self.questions)

    def meaning(self, total: int) -> Text:
        """The band of a total."""
        return max((band for band in self.bands if band.first <= total), key=lambda band: band.first).text
