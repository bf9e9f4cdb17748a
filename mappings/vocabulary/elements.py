"""The coded elements of FHIR that decide whether something counts: every value of each that we understand.

What is not in a table is *not understood*: it is never "given", "done", "active", "none" or "irrelevant". A value is R4's
own code; spellings differ by case, blanks, `-` and `_`; beside R4's codes stand those of DSTU2, STU3 and R5, of SNOMED CT,
and the words that systems send in their place. Sources: the value sets of HL7 FHIR 1.0.2, 3.0.2, 4.0.1 and 5.0.0; of SNOMED CT
its qualifiers of status and of presence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mappings.shapes import maps
from mappings.vocabulary.letters import without_accents

ABSENT = ""
"""The element was not sent."""

NOT_UNDERSTOOD = "?"
"""It was sent, and no table holds it."""

LONGEST = 64
"""Characters of a code or a word that a table is asked for; a longer one is in none."""

_IGNORED = re.compile(r"[\s_-]+")


LONGEST_NAME = 512
"""Characters of an address that is compared; a longer text is nothing's name."""


def spelled(said: str) -> str:
    """A code or word without regard to case, accents, blanks, `-` and `_`; empty for a text that is longer than any."""
    return _spelled(said) if len(said) <= LONGEST_NAME else ""


@lru_cache(maxsize=4096)
def _spelled(said: str) -> str:
    return _IGNORED.sub("", without_accents(said.casefold()))


_TERM = re.compile(
    r"(?<=\d)\s*\|.*|\s*\((?:qualifier value|finding|situation|procedure|disorder)\)\s*\Z", re.IGNORECASE
)
"""Behind a code of SNOMED CT its term, and behind a term its semantic tag: `385658003 |Done|`, `Done (qualifier value)`."""


def _without_term(said: str) -> str:
    return _TERM.sub("", said) if "|" in said or ")" in said else said


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element: its name, where resources of any FHIR version have it, and what its values mean.

    `values` leads from a spelling to R4's code; `absent` is what R4 means by its absence.
    """

    name: str
    fields: tuple[str, ...]
    values: Mapping[str, str]
    absent: str = ABSENT

    def of(self, resource: Mapping[str, Any]) -> str:
        """What the first of its fields that is there says: a code of R4, `ABSENT` or `NOT_UNDERSTOOD`."""
        for field in self.fields:
            value = resource.get(field)
            if value is not None and value not in _NOTHING:
                return self.read(value)
        return self.absent

    def read(self, value: object) -> str:
        """What a value says: a code, a Coding, a CodeableConcept, or a list of them.

        Codes decide; words do where there is no code that we know. Two that differ are not understood.
        """
        if isinstance(value, str):
            return _of_text(self, value) if len(value) <= LONGEST else NOT_UNDERSTOOD
        if value in _NOTHING:
            return self.absent
        codes, words = _told(value)
        meant = {self.values[code] for said in codes if (code := spelled(_without_term(said))) in self.values}
        if not meant:
            meant = {self.values[word] for said in words if (word := spelled(_without_term(said))) in self.values}
        return meant.pop() if len(meant) == 1 else NOT_UNDERSTOOD


_NOTHING: tuple[object, ...] = (None, "", {}, [])


@lru_cache(maxsize=4096)
def _of_text(element: Element, said: str) -> str:
    """What a plain code says; nearly every resource has one, and they are few."""
    return element.values.get(spelled(_without_term(said)), NOT_UNDERSTOOD) if said.strip() else element.absent


def _told(value: object) -> tuple[list[str], list[str]]:
    """The codes and the words of a value of any shape."""
    codes: list[str] = []
    words: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for coding in (one, *maps(one.get("coding"))):
                codes += _texts(coding.get("code"))
                words += _texts(coding.get("display"))
            words += _texts(one.get("text"))
        else:
            codes += _texts(one)
    return codes, words


def _texts(value: object) -> list[str]:
    """A code or word that a table may hold; a number or truth value as JSON writes it."""
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, int):
        return [str(value)] if abs(value) < 10**18 else []
    return [value] if isinstance(value, str) and value.strip() and len(value) <= LONGEST else []


def _table(**spellings: str) -> dict[str, str]:
    """Spellings by R4's code, as `in_progress="in-progress | suspended"`: each names the code, its own included."""
    return {
        spelled(one): code.replace("_", "-")
        for code, told in spellings.items()
        for one in (code, *told.split("|"))
        if spelled(one)
    }


_ERROR = "entered in error | error | erroneous | nullified | saisi par erreur | erreur de saisie | annulé pour erreur | 723510000"
"""`entered-in-error`; SNOMED CT 723510000 Entered in error."""

_UNKNOWN = "unk | inconnu | inconnue | 261665006 | 410537005"
"""`unknown`; SNOMED CT 261665006 unknown, 410537005 action status unknown."""

# --- statuses ---------------------------------------------------------------------------------------------------------

_EVENT = _table(
    preparation="planned | scheduled | prévu | prévue | planifié | planifiée | geplant | vorgesehen",
    in_progress="en cours | commencé | commencée | laufend | begonnen | 385651009",
    not_done="notperformed | not given | not administered | not carried out | non réalisé | non réalisée | non fait | non faite"
    "| non effectué | non effectuée | non administré | non administrée | omitted | refused | declined | refusé | refusée"
    "| cancelled | canceled | annulé | annulée | withheld | missed | skipped | not administered | nonadministered"
    "| not completed | nicht durchgeführt | nicht erfolgt | nicht gegeben | nicht verabreicht | abgelehnt | storniert"
    "| 385660001 | 262008008 | 89925002 | 443390004",
    on_hold="suspended | paused | suspendu | suspendue",
    completed="done | given | administered | performed | finished | terminé | terminée | réalisé | réalisée | fait | faite"
    "| effectué | effectuée | administré | administrée | durchgeführt | erfolgt | abgeschlossen | gegeben | verabreicht"
    "| 385658003 | 398166005",
    stopped="aborted | discontinued | abandoned | interrupted | interrompu | interrompue | arrêté | arrêtée | abgebrochen"
    "| abgesetzt | 410545000"
    "| 410546004",
    entered_in_error=_ERROR,
    unknown=_UNKNOWN,
)
"""SNOMED CT: 385651009 in progress, 385660001 not done, 262008008 not performed, 89925002 cancelled, 443390004 refused,
385658003 done, 398166005 performed, 410545000 stopped before completion, 410546004 discontinued."""

PROCEDURE_STATUS = Element("Procedure.status", ("status",), _EVENT)
ADMINISTRATION_STATUS = Element("MedicationAdministration.status", ("status",), _EVENT)
DISPENSE_STATUS = Element("MedicationDispense.status", ("status",), _EVENT | _table(declined="rejected"))

STATEMENT_STATUS = Element(
    "MedicationStatement.status",
    ("status",),
    _table(
        active="actif | en cours | 55561003",
        completed="terminé | terminée | 385658003",
        entered_in_error=_ERROR,
        intended="planned | prévu | prévue | draft",
        stopped="aborted | discontinued | arrêté | arrêtée | 410546004",
        on_hold="suspended | paused | suspendu | suspendue",
        not_taken="not taking | non pris | non prise | cancelled",
        recorded="",
        unknown=_UNKNOWN,
    ),
)
"""SNOMED CT: 55561003 active, 385658003 done, 410546004 discontinued. `recorded` is R5's."""

_REQUEST = _table(
    active="actif | accepted | received | requested | in progress | review | en cours | 55561003",
    on_hold="suspended | held | paused | suspendu | suspendue",
    cancelled="canceled | revoked | rejected | aborted | failed | declined | annulé | annulée | 89925002",
    completed="ended | terminé | terminée | 385658003",
    entered_in_error=_ERROR,
    stopped="discontinued | arrêté | arrêtée | 410546004",
    draft="new | pending | preliminary | brouillon | unsigned",
    proposed="proposal",
    unknown=_UNKNOWN,
)

ORDER_STATUS = Element("MedicationRequest.status, ServiceRequest.status", ("status",), _REQUEST)

INTENT = Element(
    "MedicationRequest.intent, ServiceRequest.intent",
    ("intent",),
    _table(
        proposal="proposed",
        plan="planned",
        directive="",
        order="ordered",
        original_order="",
        reflex_order="",
        filler_order="",
        instance_order="",
        option="optional",
    ),
)
PRIORITY = Element(
    "MedicationRequest.priority, ServiceRequest.priority",
    ("priority",),
    _table(
        routine="normal | elective | r | programmé | programmée | non urgent | non urgente",
        urgent="u | high | haute | urgence | urgente | dringend | dringlich | eilig | hoch",
        asap="a | as soon as possible | dès que possible",
        stat="s | emergency | immediate | immédiat | immédiate | Notfall | sofort | cito",
    ),
    absent="routine",
)
"""The letters are those of HL7 v2-0027."""

OBSERVATION_STATUS = Element(
    "Observation.status",
    ("status",),
    _table(
        registered="ordered | pending",
        preliminary="partial | provisoire",
        final="validé | validée | définitif",
        amended="modified",
        corrected="corrigé | corrigée",
        appended="addended",
        cancelled="canceled | annulé | annulée | aborted",
        entered_in_error=_ERROR,
        unknown=_UNKNOWN,
    ),
)
REPORT_STATUS = Element("DiagnosticReport.status", ("status",), OBSERVATION_STATUS.values)
STUDY_STATUS = Element(
    "ImagingStudy.status",
    ("status", "availability"),
    _table(
        registered="",
        available="online | offline | nearline | final",
        inactive="",
        unavailable="",
        cancelled="canceled",
        entered_in_error=_ERROR,
        unknown=_UNKNOWN,
    ),
)
"""`availability` was STU3's."""

RESPONSE_STATUS = Element(
    "QuestionnaireResponse.status",
    ("status",),
    _table(
        in_progress="draft",
        completed="published",
        amended="",
        entered_in_error=_ERROR,
        stopped="aborted",
        unknown=_UNKNOWN,
    ),
)
MEDICATION_STATUS = Element(
    "Medication.status",
    ("status",),
    _table(active="actif", inactive="inactif", entered_in_error=_ERROR, unknown=_UNKNOWN),
)
ENCOUNTER_STATUS = Element(
    "Encounter.status",
    ("status",),
    _table(
        planned="booked | pending | prévu | prévue",
        arrived="",
        triaged="",
        in_progress="inprogress | en cours",
        onleave="on hold",
        discharged="",
        finished="completed | terminé | terminée",
        cancelled="canceled | discontinued | no show | annulé | annulée",
        entered_in_error=_ERROR,
        unknown=_UNKNOWN,
    ),
)

# --- conditions and allergies -----------------------------------------------------------------------------------------

CLINICAL_STATUS = Element(
    "Condition.clinicalStatus, AllergyIntolerance.clinicalStatus",
    ("clinicalStatus",),
    _table(
        active="actif | recurrence | relapse | récidive | aktiv | Rezidiv | 55561003 | 246455001 | 263855007",
        inactive="inactif | inaktiv | 73425007",
        remission="rémission | en rémission | in remission | 277022003 | 765205004",
        resolved="résolu | résolue | guéri | guérie | cured | geheilt | ausgeheilt | 413322009 | 370996005",
        unknown=_UNKNOWN,
    ),
)
"""SNOMED CT: 55561003 active, 246455001 recurrence, 263855007 relapse, 73425007 inactive, 277022003 and 765205004 in remission,
413322009 and 370996005 resolved."""

VERIFICATION = Element(
    "Condition.verificationStatus, AllergyIntolerance.verificationStatus",
    ("verificationStatus",),
    _table(
        unconfirmed="suspecté | suspectée | suspicion | suspected | possible | probable | non confirmé | non confirmée"
        "| Verdacht | Verdacht auf | 415684004 | 410590009 | 410592001",
        provisional="working | provisoire | presumed",
        differential="différentiel",
        confirmed="confirmé | confirmée | definite | certain | gesichert | known present | 410515003 | 410605003",
        refuted="réfuté | réfutée | infirmé | infirmée | ruled out | excluded | exclu | exclue | negated | absent | known absent"
        "| écarté | écartée | éliminé | éliminée | ausgeschlossen | Ausschluss | 410594000"
        "| 410516002",
        entered_in_error=_ERROR,
        unknown=_UNKNOWN,
    ),
    absent="confirmed",
)
"""SNOMED CT: 415684004 suspected, 410590009 known possible, 410592001 probably present, 410605003 confirmed present,
410594000 definitely not present, 410516002 known absent."""

ALLERGY_STATUS = Element(
    "AllergyIntolerance.status",
    ("status",),
    {**CLINICAL_STATUS.values, **VERIFICATION.values},
)
"""DSTU2's one status was both."""

CONDITION_STATUS = Element("Condition.status", ("status",), ALLERGY_STATUS.values)
"""DSTU1's, which was its verification; some systems send its clinical status there."""

CERTAINTY_LETTERS = {"a": "refuted", "v": "unconfirmed", "z": "resolved", "g": "confirmed"}
"""The marks of German coding of outpatients: ausgeschlossen, Verdacht, Zustand nach, gesichert (ICD-10-GM)."""

CERTAINTY = Element(
    "Condition.code.coding.extension(icd-10-gm-diagnosesicherheit)",
    (),
    CERTAINTY_LETTERS
    | _table(refuted="ausgeschlossen", unconfirmed="Verdacht", resolved="Zustand nach", confirmed="gesichert"),
    absent="confirmed",
)

# --- negations --------------------------------------------------------------------------------------------------------

_TRUTH = {
    **dict.fromkeys(("true", "yes", "y", "1", "oui"), "true"),
    **dict.fromkeys(("false", "no", "n", "0", "non"), "false"),
}

ABATED = Element("Condition.abatementBoolean", ("abatementBoolean",), _TRUTH, absent="false")
ABATED_IN_WORDS = Element(
    "Condition.abatementString",
    ("abatementString", "abatement"),
    {
        **_TRUTH,
        **{
            word: over
            for over, element in (("true", ("inactive", "remission", "resolved")), ("false", ("active",)))
            for word, code in CLINICAL_STATUS.values.items()
            if code in element
        },
        **dict.fromkeys(map(spelled, ("terminé", "terminée", "abated", "past", "ended", "passé", "ancien")), "true"),
        **dict.fromkeys(
            map(spelled, ("en cours", "ongoing", "current", "persistant", "chronique", "chronic")), "false"
        ),
    },
    absent="false",
)

NEGATIONS = tuple(
    Element(name, (name,), _TRUTH, absent="false")
    for name in ("doNotPerform", "wasNotGiven", "notGiven", "wasNotTaken", "notDone", "notPerformed", "negationInd")
)
"""The flags that say "not": R4's, those of DSTU2 and STU3, and V3's. DSTU2's `notPerformed` may be a list of reasons too."""

REASONS_OF_DENIAL = ("reasonNotGiven", "reasonNotTaken", "notDoneReason", "reasonNotPerformed", "reasonNotDone")
"""Elements of DSTU2 and STU3 that say why something was not done: without the flag itself they contradict the status."""

TAKEN = Element(
    "MedicationStatement.taken",
    ("taken",),
    {**dict.fromkeys(("y", "yes", "true"), "y"), **dict.fromkeys(("n", "no", "false"), "n"), "unk": "unk", "na": "na"},
    absent="y",
)
"""STU3's."""

FLAGS: Mapping[str, Element] = {spelled(flag.name): flag for flag in NEGATIONS}
"""The flags by the spelling of their names."""

ANOTHER_FLAG = Element("a member whose name begins with «not»", (), _TRUTH, absent="false")
"""One that no version of FHIR has, as systems add them: `notAdministered`, `wasNotDone`."""

_DENYING = frozenset(
    {*FLAGS, *map(spelled, (*TAKEN.fields, *REASONS_OF_DENIAL)), "not", "isnot", "wasnot", "negated", "isnegated"}
)
_SAYS_NOT = re.compile(r"(?:is|was|has|had)?[nN]ot[A-Z]")


def denying(member: str) -> str:
    """The spelling of a member that may deny its resource, or that extends one; empty for any other, as nearly all are."""
    return _denying(member) if len(member) <= LONGEST else ""


@lru_cache(maxsize=4096)
def _denying(member: str) -> str:
    name = spelled(member)
    return name if name in _DENYING or _SAYS_NOT.match(member.lstrip("_")) else ""


ADHERENCE = Element(
    "MedicationStatement.adherence.code",
    (),
    _table(
        active="taking | taking as directed | taking not as directed",
        on_hold="on hold as directed | on hold not as directed",
        stopped="stopped as directed | stopped not as directed",
        not_taken="not taking",
        unknown=_UNKNOWN,
    ),
)
"""R5's: its MedicationStatement.status says only that it was recorded (HL7 FHIR 5.0.0, MedicationStatement Adherence Codes)."""

# --- what says which part of an answer something is --------------------------------------------------------------------

SEARCH_MODE = Element("Bundle.entry.search.mode", ("mode",), _table(match="", include="", outcome=""), absent="match")
ISSUE_SEVERITY = Element(
    "OperationOutcome.issue.severity",
    ("severity",),
    _table(fatal="", error="", warning="", information="info | success"),
)
GENDER = Element(
    "Patient.gender",
    ("gender",),
    _table(male="m | homme | masculin", female="f | femme | féminin", other="o", unknown="u | unk | un | inconnu"),
)
LINK_TYPE = Element(
    "Patient.link.type", ("type",), _table(replaced_by="replace", replaces="", refer="", seealso="see also")
)
ACTIVE = Element("Patient.active", ("active",), _TRUTH, absent="true")
DECEASED = Element("Patient.deceased[x]", ("deceasedBoolean", "deceased"), _TRUTH, absent="false")
DELETED = Element("List.entry.deleted", ("deleted",), _TRUTH, absent="false")
CATEGORY = Element(
    "Condition.category",
    (),
    _table(
        encounter_diagnosis="encounter | visit diagnosis | diagnostic de séjour | diagnostic du séjour | discharge diagnosis"
        "| admission diagnosis | diagnostic d'entrée | diagnostic de sortie | Aufnahmediagnose | Entlassdiagnose"
        "| Entlassungsdiagnose | Behandlungsdiagnose | Falldiagnose",
        problem_list_item="problem | problem list | liste de problèmes",
        health_concern="",
    ),
)

ELEMENTS: tuple[Element, ...] = (
    PROCEDURE_STATUS,
    ADMINISTRATION_STATUS,
    DISPENSE_STATUS,
    STATEMENT_STATUS,
    ORDER_STATUS,
    INTENT,
    PRIORITY,
    OBSERVATION_STATUS,
    REPORT_STATUS,
    STUDY_STATUS,
    RESPONSE_STATUS,
    ENCOUNTER_STATUS,
    MEDICATION_STATUS,
    CLINICAL_STATUS,
    VERIFICATION,
    ALLERGY_STATUS,
    CONDITION_STATUS,
    CERTAINTY,
    ABATED,
    ABATED_IN_WORDS,
    *NEGATIONS,
    TAKEN,
    ADHERENCE,
    SEARCH_MODE,
    ISSUE_SEVERITY,
    GENDER,
    LINK_TYPE,
    ACTIVE,
    DECEASED,
    DELETED,
    CATEGORY,
)
