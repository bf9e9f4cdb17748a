"""A site whose hooks are simulated, week by week, through the whole service, in shadow; and the faults that sites have.

Every patient is drawn anew, with the gaps that records have. A fault changes what the site sends from the Monday of a week on:
the record and the orders before they are sent, never the service.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import delete, func, select
from support.scenario import NOW, SETTINGS

from mappings.vocabulary.code_systems import LOINC
from service.certify.tokens import Tokens
from service.demo.scenario import told_request, with_prefetch
from service.demo.synthetic import CONDITIONS, DRUGS, LABORATORY
from service.edge.app import create_app
from service.guidelines import GUIDELINES
from service.ledger.shadow import ShadowReport, shadow_report
from service.ledger.tables import ANSWERS, CARD_RULES, CARDS, FACTS, OUTCOMES, TAKEN_TOKENS
from service.rules.guideline import terminology_of
from service.services import published

Resource = dict[str, Any]
Changed = Callable[[Resource, datetime, datetime], "Resource | None"]
"""A resource as the site sends it now, or none: of the resource, the moment, and the beginning of the fault."""

GUIDELINE = GUIDELINES[0]
TERMINOLOGY = terminology_of(GUIDELINES)
SERVICES = published(GUIDELINES, split=False, terminology=TERMINOLOGY)
MONDAY = datetime.combine(NOW.date() - timedelta(days=NOW.weekday()), time(8), NOW.tzinfo)
A_WEEK = 260
"""Hooks of a week of five working days."""

ISSUER, PUBLIC_URL = "https://ehr.example.org", "https://osteocds.example.org"
EC, RSA = ECKey.generate_key("P-384", {"kid": "ec"}), RSAKey.generate_key(2048, {"kid": "rsa"})


# --- patients ---------------------------------------------------------------------------------------------------------


def _drawn(draw: Random) -> dict[str, Any]:
    """A patient of a thoracic oncology clinic as the examples tell one, with an order or without."""
    laboratory: dict[str, tuple[str, float, float, int]] = {
        "vitamin D": ("ng/mL", 31, 11, 120),
        "calcium": ("mmol/L", 2.33, 0.13, 12),
        "albumin": ("g/L", 38, 4, 12),
        "creatinine": ("umol/L", 88, 28, 12),
        "phosphate": ("mmol/L", 1.0, 0.15, 12),
        "weight": ("kg", 68, 12, 30),
        "platelets": ("10*9/L", 220, 80, 6),
        "prothrombin": ("%", 85, 15, 6),
    }
    record: dict[str, Any] = {}
    for name, (unit, middle, spread, days) in laboratory.items():
        if draw.random() < 0.9:
            value = max(middle * 0.3, draw.gauss(middle, spread))
            record[name] = f"{value:.2f} {unit} {draw.randint(0, days)} days ago"
    order = draw.choices(TEMPLATES, weights=[4, 2, 3, 3, 4, 3])[0](draw, record)
    return {"record": record, **order}


def _systemic(draw: Random, record: dict[str, Any], drug: str, *, begun: bool) -> None:
    given = [{"drug": drug, "days ago": 28 * number + draw.randint(0, 6)} for number in (1, 2, 3)] if begun else []
    supplements = [
        {"drug": one, "kind": "statement", "start": 200, "every": "1 day"}
        for one in ("cholecalciferol", "calcium carbonate")
        if draw.random() < 0.8
    ]
    record["medications"] = [*given, *supplements]
    if draw.random() < 0.8:
        record["procedures"] = [{"act": "dental examination", "days ago": draw.randint(10, 260)}]


def _denosumab(draw: Random, record: dict[str, Any]) -> dict[str, Any]:
    _systemic(draw, record, "denosumab", begun=True)
    return {"order": {"drug": "Xgeva", "dose": "120 mg", "every": "28 days", "route": "subcutaneous"}}


def _denosumab_start(draw: Random, record: dict[str, Any]) -> dict[str, Any]:
    _systemic(draw, record, "denosumab", begun=False)
    return {"order": {"drug": "denosumab", "dose": "120 mg", "every": "28 days", "route": "subcutaneous"}}


def _zoledronic_acid(draw: Random, record: dict[str, Any]) -> dict[str, Any]:
    _systemic(draw, record, "zoledronic acid", begun=draw.random() < 0.7)
    dose = draw.choice(["4 mg", "4 mg", "3.5 mg"])
    return {"order": {"drug": "zoledronic acid", "dose": dose, "every": "28 days", "route": "intravenous"}}


def _radiotherapy(draw: Random, record: dict[str, Any]) -> dict[str, Any]:
    site = draw.choice(["femur", "L3"])
    score = {"femur": "mirels-score", "L3": "sins-score"}[site]
    if draw.random() < 0.8:
        value = draw.randint(5, 12) if site == "femur" else draw.randint(2, 15)
        record["findings"] = {score: {"value": value, "site": site}}
    drugs = ("gemcitabine", "bevacizumab", "osimertinib", "pembrolizumab", "pemetrexed")
    record["medications"] = [{"drug": one, "days ago": draw.randint(3, 40)} for one in drugs if draw.random() < 0.25]
    return {"order": {"act": "radiotherapy", "site": site, "dose": "30 Gy", "fractions": 10, "start in": 2}}


def _cementoplasty(draw: Random, record: dict[str, Any]) -> dict[str, Any]:
    record["imaging"] = [
        {"modality": one, "site": "lumbar spine", "days ago": draw.randint(3, 40)}
        for one in ("CT", "MR")
        if draw.random() < 0.8
    ]
    record["pain score"] = f"{draw.randint(2, 9)} {{score}} 2 days ago"
    if draw.random() < 0.4:
        record["medications"] = [{"drug": "apixaban", "kind": "statement", "start": 100, "every": "1 day"}]
    return {"order": {"act": "vertebroplasty", "site": "L3", "start in": 4}}


def _opened(draw: Random, record: dict[str, Any]) -> dict[str, Any]:
    _systemic(draw, record, "denosumab", begun=draw.random() < 0.7)
    return {}


TEMPLATES = (_denosumab, _denosumab_start, _zoledronic_acid, _radiotherapy, _cementoplasty, _opened)


# --- faults -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What goes wrong, of which kind, and in what part of what is sent."""

    kind: str
    name: str
    changed: Changed
    share: float = 1.0
    unavailable: tuple[str, ...] = ()
    clock: timedelta = timedelta()

    def __str__(self) -> str:
        part = "" if self.share == 1 else f", {self.share:.0%} of patients"
        return f"{self.kind}: {self.name}{part}"


def _same(resource: Resource, _now: datetime, _since: datetime) -> Resource:
    return resource


def _measures(resource: Resource, analyte: str) -> bool:
    code = LABORATORY[analyte]
    return any(
        one.get("system") == LOINC and one.get("code") == code for one in resource.get("code", {}).get("coding", ())
    )


def _of_analyte(analyte: str, change: Callable[[Resource], Resource]) -> Changed:
    def changed(resource: Resource, _now: datetime, _since: datetime) -> Resource:
        is_it = resource["resourceType"] == "Observation" and _measures(resource, analyte)
        return change(resource) if is_it else resource

    return changed


def _labelled(unit: str) -> Callable[[Resource], Resource]:
    """Another unit stands beside the same figure."""
    return lambda one: {**one, "valueQuantity": {**one["valueQuantity"], "unit": unit, "code": unit}}


def _converted(factor: float) -> Callable[[Resource], Resource]:
    """The figure is in another unit, and the unit says nothing of it."""
    return lambda one: {
        **one,
        "valueQuantity": {**one["valueQuantity"], "value": round(one["valueQuantity"]["value"] * factor, 3)},
    }


def _recoded(code: str) -> Callable[[Resource], Resource]:
    """A code of the site alone, that no map knows."""
    return lambda one: {**one, "code": {"coding": [{"system": "urn:oid:1.2.3.4.5", "code": code}]}}


def _recode(member: str, codes: Sequence[tuple[str, str]], *, drafts: bool | None = None) -> Changed:
    """Whatever has one of these codes has one that no map knows; drafts alone, or the record alone, or both."""

    def changed(resource: Resource, _now: datetime, _since: datetime) -> Resource:
        is_draft = resource.get("status") == "draft"
        told = resource.get(member, {}).get("coding", ())
        if drafts in (None, is_draft) and any((one.get("system"), one.get("code")) in codes for one in told):
            return {**resource, member: {"coding": [{"system": "urn:oid:1.2.3.4.5", "code": "K-2031"}]}}
        return resource

    return changed


def _local_order(resource_type: str, text: str) -> Changed:
    """Orders come with a code of the site, and a text of its own or none."""
    member = "medicationCodeableConcept" if resource_type == "MedicationRequest" else "code"

    def changed(resource: Resource, _now: datetime, _since: datetime) -> Resource:
        if resource["resourceType"] != resource_type or resource.get("status") != "draft":
            return resource
        coded: dict[str, Any] = {"coding": [{"system": "urn:oid:1.2.3.4.5", "code": "P-7"}]}
        return {**resource, member: {**coded, "text": text} if text else coded}

    return changed


DATED = ("effectiveDateTime", "performedDateTime", "started", "recordedDate", "issued")


def _shifted(resource_type: str, by: timedelta) -> Changed:
    """The clock of what writes this type is wrong."""

    def changed(resource: Resource, _now: datetime, _since: datetime) -> Resource:
        if resource["resourceType"] != resource_type:
            return resource
        moved = {name: _moved(resource[name], by) for name in DATED if name in resource}
        period = {
            name: {end: _moved(told, by) for end, told in resource[name].items()}
            for name in ("effectivePeriod", "performedPeriod")
            if name in resource
        }
        return {**resource, **moved, **period}

    return changed


def _moved(told: str, by: timedelta) -> str:
    return (date.fromisoformat(told[:10]) + by).isoformat() + told[10:]


def _gone(resource_type: str) -> Changed:
    """Nothing of this type comes any more, and what was there is not there either: another server."""
    return lambda one, _now, _since: None if one["resourceType"] == resource_type else one


def _stopped(resource_type: str) -> Changed:
    """What was written before is there; nothing new comes."""

    def changed(resource: Resource, _now: datetime, since: datetime) -> Resource | None:
        written = next((resource[name] for name in DATED if name in resource), "")
        is_new = resource["resourceType"] == resource_type and written[:10] >= since.date().isoformat()
        return None if is_new else resource

    return changed


def _unit_switched() -> Iterator[tuple[str, Changed]]:
    labels = {
        "calcium": ("mg/dL", "mEq/L"),
        "albumin": ("g/dL", "umol/L"),
        "creatinine": ("mg/dL", "mmol/L"),
        "vitamin D": ("nmol/L", "[arb'U]/mL"),
        "weight": ("g",),
        "platelets": ("/uL",),
        "prothrombin": ("s",),
    }
    factors = {
        "calcium": (4.008,),
        "albumin": (0.1,),
        "creatinine": (0.0113, 0.001),
        "vitamin D": (2.496,),
        "weight": (2.205,),
        "platelets": (1000.0,),
        "prothrombin": (0.01,),
    }
    for analyte, units in labels.items():
        for unit in units:
            yield f"{analyte} labelled {unit}", _of_analyte(analyte, _labelled(unit))
    for analyte, several in factors.items():
        for factor in several:
            yield f"{analyte} times {factor}", _of_analyte(analyte, _converted(factor))


def _code_retired() -> Iterator[tuple[str, Changed]]:
    for analyte in ("vitamin D", "calcium", "albumin", "creatinine", "weight", "platelets", "prothrombin"):
        yield analyte, _of_analyte(analyte, _recoded("L-1"))
    for drugs in (("denosumab",), ("zoledronic acid",), ("cholecalciferol",), ("calcium carbonate",), ("apixaban",)):
        codes = [DRUGS[one] for one in drugs]
        yield f"{drugs[0]}, given", _recode("medicationCodeableConcept", codes, drafts=False)
    yield "bone metastasis", _recode("code", [CONDITIONS["bone metastasis"]])
    yield "lung cancer", _recode("code", [CONDITIONS["lung cancer"]])


def _local_codes() -> Iterator[tuple[str, Changed]]:
    for name, text in (("without a text", ""), ("with a text of its own", "Protocole 7 bis")):
        yield f"drug orders {name}", _local_order("MedicationRequest", text)
        yield f"orders of acts {name}", _local_order("ServiceRequest", text)
    for drug in ("denosumab", "Xgeva", "zoledronic acid"):
        yield f"orders of {drug}", _recode("medicationCodeableConcept", [DRUGS[drug]], drafts=True)


def _wrong_clocks() -> Iterator[tuple[str, Changed]]:
    for kind in ("Observation", "MedicationAdministration", "Procedure"):
        for days in (-365, -100, 30, 365):
            yield f"{kind} {days:+} days", _shifted(kind, timedelta(days=days))


def faults() -> list[Fault]:
    """A hundred: each kind, of all patients and of half of them."""
    found = [
        Fault("a unit switched", name, changed, share)
        for share, (name, changed) in itertools.product((1.0, 0.5), _unit_switched())
    ]
    found += [
        Fault("a code retired", name, changed, share)
        for share, (name, changed) in itertools.product((1.0, 0.5), _code_retired())
    ]
    types = ("Observation", "MedicationAdministration", "MedicationStatement", "Procedure", "Condition", "ImagingStudy")
    found += [Fault("a feed stopped", f"no {one} at all", _gone(one)) for one in types]
    found += [Fault("a feed stopped", "no new Observation", _stopped("Observation"))]
    keys = ("calcium", "creatinine", "vitaminD", "conditions", "medicationAdministrations", "procedures")
    found += [Fault("a feed stopped", f"{key} answers with an error", _same, unavailable=(key,)) for key in keys]
    found += [Fault("a local code new", name, changed) for name, changed in _local_codes()]
    found += [Fault("a clock wrong", name, changed) for name, changed in _wrong_clocks()]
    found += [
        Fault("a clock wrong", f"the service's, {days:+} days", _same, clock=timedelta(days=days)) for days in (-40, 40)
    ]
    return found


# --- the site ---------------------------------------------------------------------------------------------------------


class Site:
    """A hospital in shadow, with its weeks before in the ledger; `folder` is for its database and keys."""

    def __init__(self, folder: Path, weeks: int = 3, seed: int = 1) -> None:
        tokens = Tokens(ISSUER, PUBLIC_URL, "", int(NOW.timestamp()), RSA, EC)
        (folder / "jwks.json").write_text(json.dumps(tokens.key_set))
        (folder / "key").write_bytes(b"k" * 32)
        registry = folder / "clients.toml"
        registry.write_text(f'[hospital]\nissuer = "{ISSUER}"\njwks = "jwks.json"\nshadow = true\n')
        self._now = MONDAY
        settings = replace(
            SETTINGS,
            clients=registry,
            allow_unauthenticated=False,
            public_url=PUBLIC_URL,
            patient_key=folder / "key",
            ledger_keeps=frozenset({"facts"}),
            database_url=f"sqlite:///{folder / 'ledger.sqlite3'}",
        )
        self._app = create_app(settings, now=lambda: self._now)
        self._client = self._app.test_client()
        self._ledger = self._app.extensions["osteocds.ledger"]
        self._tokens = tokens
        self._number = itertools.count()
        for week in range(weeks):
            self._week(_random(seed, week), MONDAY - timedelta(weeks=weeks - week), None)
        with self._ledger.database.read() as connection:
            self._last = connection.scalar(select(func.max(ANSWERS.c.id)))

    def week(self, seed: int, fault: Fault | None = None) -> ShadowReport:
        """One week more, with the fault or without any, as the report tells it; it is forgotten afterwards."""
        self._week(_random("week", seed), MONDAY, fault)
        report = shadow_report(self._ledger.database, SETTINGS.timezone, since=None, until=None)
        self._forget()
        return report

    def _week(self, draw: Random, monday: datetime, fault: Fault | None) -> None:
        for place in range(A_WEEK):
            now = monday + timedelta(days=5 * place // A_WEEK, minutes=place)
            body = self._request(draw, now, monday, fault)
            self._now = now + (fault.clock if fault is not None else timedelta())
            tokens = replace(self._tokens, moment=int(self._now.timestamp()), service=body["service"])
            answer = self._client.post(
                f"/cds-services/{body['service']}",
                json=body["request"],
                headers={"Authorization": f"Bearer {tokens.token(number=next(self._number))}"},
            )
            if answer.get_json() != {"cards": []}:
                raise AssertionError(f"shown in shadow: {answer.text[:200]}")
            answer.close()  # what is noted is noted once the answer is sent
        if not self._ledger.writer.flush(60):
            raise AssertionError("the ledger was not written")

    def _request(self, draw: Random, now: datetime, monday: datetime, fault: Fault | None) -> Mapping[str, Any]:
        told = _drawn(draw)
        patient = f"p{next(self._number)}"
        record, request = told_request(
            told, now.date(), GUIDELINE.taken_for_granted, patient=patient, terminology=TERMINOLOGY
        )
        service = SERVICES[f"bone-metastases-{request['hook']}"]
        unavailable = [draw.choice(["calcium", "procedures", "conditions"])] if draw.random() < 0.03 else []
        if fault is not None and draw.random() < fault.share:
            unavailable += [key for key in fault.unavailable if key in service.description.prefetch]
            record.resources[:] = _after(record.resources, fault, now, monday)
            if "draftOrders" in request["context"]:
                entries = request["context"]["draftOrders"]["entry"]
                request["context"]["draftOrders"]["entry"] = [
                    {"resource": one} for one in _after([entry["resource"] for entry in entries], fault, now, monday)
                ]
        asked = [key for key in dict.fromkeys(unavailable) if key in service.description.prefetch]
        whole = with_prefetch({**request, "hookInstance": f"h-{patient}"}, record, service, asked)
        return {"service": service.id, "request": whole}

    def _forget(self) -> None:
        """Delete all that came after the weeks before."""
        with self._ledger.database.begin() as connection:
            late = select(ANSWERS.c.id).where(ANSWERS.c.id > self._last)
            cards = select(CARDS.c.uuid).where(CARDS.c.answer.in_(late))
            connection.execute(delete(CARD_RULES).where(CARD_RULES.c.card.in_(cards)))
            connection.execute(delete(CARDS).where(CARDS.c.answer.in_(late)))
            connection.execute(delete(OUTCOMES).where(OUTCOMES.c.answer.in_(late)))
            connection.execute(delete(FACTS).where(FACTS.c.answer.in_(late)))
            connection.execute(delete(ANSWERS).where(ANSWERS.c.id > self._last))
            connection.execute(delete(TAKEN_TOKENS))


def _random(*seed: object) -> Random:
    return Random(str(seed))


def _after(resources: Sequence[Resource], fault: Fault, now: datetime, since: datetime) -> list[Resource]:
    return [one for resource in resources if (one := fault.changed(resource, now, since)) is not None]
