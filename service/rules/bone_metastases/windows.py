"""The windows between a radiosensitiser and radiotherapy: a table that decides and prints (RAO, radiothérapie §3.1, Tableau 6)."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.facts import Drug, Facts
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.wording import _
from service.rules.naming import lasting


@dataclass(frozen=True, slots=True)
class Window:
    """Days between a radiosensitiser and radiotherapy, the same before and after; None where the source has no figure.

    Urgency and the situation may shorten it down to `shortest` days; None where nothing shortens it.
    """

    days: int | None
    shortest: int | None = None

    def looked_for(self, patient: Facts) -> int:
        """The days within which a conflict is looked for."""
        return settings_of(patient).radiosensitiser_days if self.days is None else self.days

    def kept_when_urgent(self, gap: int | None) -> bool:
        """So many days (None: not known) are as many as an urgent order has to keep."""
        return self.shortest is not None and gap is not None and gap >= self.shortest

    @property
    def said(self) -> Text | None:
        """How long it is; None where the source has no figure."""
        return None if self.days is None else lasting(self.days)


@dataclass(frozen=True, slots=True)
class Windows:
    """Which radiosensitiser has which window. The rows are asked in their order: of a combination the strictest drug counts."""

    rows: tuple[tuple[frozenset[str], Window], ...]

    def of(self, drug: Drug) -> Window:
        """The window of a radiosensitiser. Raises `KeyError` for any other drug."""
        for concepts, window in self.rows:
            if drug.is_any(concepts):
                return window
        raise KeyError("no radiosensitiser")


TABLE_6 = Windows(
    (
        (sets.GEMCITABINE, Window(28, shortest=8)),
        (sets.BEVACIZUMAB, Window(28)),
        (sets.BLEOMYCIN, Window(None)),
        (sets.SYSTEMIC_ANTIANGIOGENICS - sets.BEVACIZUMAB, Window(None)),
        (sets.DOXORUBICIN, Window(8)),
    )
)
"""RAO Tableau 6 and §3.1."""

NO_FIGURE = _("strict interval, no figure in the referential, five half-lives in theory")

NO_FIGURE_KEPT = _("Keep a strict interval: no figure in the referential, five half-lives in theory.")
"""The same as what to do."""
