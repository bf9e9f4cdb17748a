"""One patient's record in the words of the referential."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from typing import Any

from mappings.facts.drugs import Exposures
from mappings.facts.events import Act, Allergy, Diagnosis
from mappings.facts.fact_settings import FactSettings
from mappings.facts.orders import Order, RadiotherapyOrder
from mappings.facts.radiotherapy import RadiotherapyCourse
from mappings.facts.results import Clearance, CorrectedCalcium, Finding, Measurement, Person, VitaminD
from mappings.facts.three_valued import Collected, Fact
from mappings.vocabulary.analytes import Analyte
from mappings.wording import Text


class Facts(ABC):
    """One patient's record, as of one day, in the words of the referential.

    Every property is read when it is first asked for. A rule declares by name the properties that it reads. `asked` holds
    what the conditions of the rules answered, each once.
    """

    asked: dict[Any, Any]

    @property
    @abstractmethod
    def today(self) -> date:
        """The day of the request, in the zone of its clock."""

    @property
    @abstractmethod
    def settings(self) -> FactSettings:
        """The choices that the sources leave open."""

    @abstractmethod
    def on(self, day: date) -> Facts:
        """The same record as of the end of an earlier day, without drafts, for its results: those dated later do not count yet.

        What is dated later and is no result may be set aside as doubtful there.
        """

    @property
    @abstractmethod
    def person(self) -> Fact[Person]:
        """Sex and birth date."""

    @abstractmethod
    def result(self, analyte: Analyte) -> Fact[Measurement]:
        """The newest valid result of an analyte, in its canonical unit."""

    @property
    @abstractmethod
    def vitamin_d(self) -> Fact[VitaminD]:
        """Newest 25-OH vitamin D, valid `vitamin_d_valid_days`."""

    @property
    @abstractmethod
    def calcium(self) -> Fact[CorrectedCalcium]:
        """Corrected calcium, valid `calcium_valid_days`; uncorrected without an albumin within `albumin_window_days` of it."""

    @property
    @abstractmethod
    def crisis_calcium(self) -> Fact[CorrectedCalcium]:
        """Corrected calcium, valid `crisis_valid_days`, as `hypercalcaemic-crisis` reads it."""

    @property
    @abstractmethod
    def clearance(self) -> Fact[Clearance]:
        """Creatinine clearance, valid `renal_valid_days`, by the order of preference of `rules.md`."""

    @property
    @abstractmethod
    def clearance_inputs_missing(self) -> tuple[Text, ...]:
        """What a Cockcroft-Gault computation still needs: creatinine, weight, sex, age."""

    @property
    @abstractmethod
    def exposures(self) -> Exposures:
        """What the patient received, takes or may have taken; never a draft."""

    @property
    @abstractmethod
    def conditions(self) -> Collected[Diagnosis]:
        """Conditions that are neither refuted nor entered in error, active or not."""

    @property
    @abstractmethod
    def procedures(self) -> Collected[Act]:
        """Procedures that were begun at least."""

    @property
    @abstractmethod
    def radiotherapies(self) -> Collected[RadiotherapyCourse]:
        """Courses of external radiotherapy that were given or are under way, each once."""

    @property
    @abstractmethod
    def radiotherapy_orders(self) -> Collected[RadiotherapyOrder]:
        """Drafts and open orders of external radiotherapy, one a course, without those that were carried out."""

    @property
    @abstractmethod
    def consultations(self) -> Collected[Act]:
        """Encounters, by type and speciality."""

    @property
    @abstractmethod
    def imaging(self) -> Collected[Act]:
        """Imaging studies and diagnostic reports."""

    @property
    @abstractmethod
    def orders(self) -> Collected[Order]:
        """All drafts of the request, and the active and planned orders of the record."""

    @property
    @abstractmethod
    def allergies(self) -> Collected[Allergy]:
        """Allergies and intolerances that are not refuted."""

    @abstractmethod
    def finding(self, name: str, regions: frozenset[str] = frozenset()) -> Fact[Finding]:
        """The newest recorded finding, valid `finding_valid_days`, whose bone matches; one without a body site applies."""
