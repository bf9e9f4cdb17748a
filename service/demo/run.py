"""The demo: a real FHIR server with synthetic patients, the service, the hooks of an EHR, and the cards on the screen."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

import requests

import service
from mappings.vocabulary.concepts import Terminology
from mappings.wording import Amount, Said, Text, _, _n, verbatim
from service.demo.embedded_fhir import EmbeddedFhirError, embedded_fhir, free_port, running, wait_until_ready
from service.demo.naming import act_named, site_named
from service.demo.printing import printed_card
from service.demo.synthetic import SyntheticRecord, told_record
from service.guidelines import GUIDELINES
from service.languages.render import Language, spoken
from service.rules.guideline import EXTENSION, DemoPatient, terminology_of
from service.settings import Settings

DEFAULT_FHIR_SERVER = Path(".venv-sekmet/bin/sekmet")

DEMO_PATIENTS = tuple(patient for guideline in GUIDELINES for patient in guideline.demo_patients)
"""A handful of synthetic patients of each guideline; nobody of them is a real person."""

Echo = Callable[[str], None]


class DemoFailed(Exception):
    """The demo could not be run; the message says what to do."""


def demo_record(patient: DemoPatient, today: date, terminology: Terminology | None = None) -> SyntheticRecord:
    """The record of a demo patient as of today, in the words of a terminology; of the guidelines served where none is given."""
    return told_record(patient.id, today, patient.record, terminology)


def hook_request(patient: DemoPatient, record: SyntheticRecord, fhir_base: str) -> dict[str, Any]:
    """The request that an EHR would send: `order-sign` for the drafts, `patient-view` without any."""
    context: dict[str, Any] = {"userId": "Practitioner/demo", "patientId": patient.id}
    hook = "patient-view"
    if patient.orders:
        hook = "order-sign"
        drafts = [record.order(order) for order in patient.orders]
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft} for draft in drafts]}
    return {"hook": hook, "hookInstance": str(uuid4()), "fhirServer": fhir_base, "context": context}


def load(patients: tuple[DemoPatient, ...], fhir_base: str, today: date, *, wait_seconds: float = 0) -> int:
    """Load the records into a FHIR server, one transaction a patient; the number of resources.

    Waits as long as `wait_seconds` for a server that is still starting. Raises `DemoFailed` where it does not come up, or
    refuses a record.
    """
    if wait_seconds and (failure := wait_until_ready(f"{fhir_base}/metadata", wait_seconds)):
        raise DemoFailed(Said(_("the FHIR server {failure}", failure=failure)))
    loaded = 0
    with requests.Session() as session:
        session.trust_env = False
        for patient in patients:
            resources = demo_record(patient, today).resources
            entries = [
                {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
                for one in resources
            ]
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
            answer = session.post(fhir_base, json=bundle, headers={"Content-Type": "application/fhir+json"}, timeout=60)
            if not answer.ok:
                refused = _("the FHIR server refused the record of {patient} (HTTP {status})", patient=patient.id)
                raise DemoFailed(Said(refused.with_(status=str(answer.status_code))))
            loaded += len(entries)
    return loaded


def refuse_taken(port: int, setting: str) -> None:
    """Raise `DemoFailed` where something of this machine listens on a port that is wanted: it would be talked to in our stead."""
    if not port:
        return
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ours.bind(("127.0.0.1", port))
        except OSError:
            address = f"http://127.0.0.1:{port}"
            told = OURS if _is_ours(address) else TAKEN
            raise DemoFailed(Said(told.with_(address=address, setting=f"{setting}={port + 1}"))) from None


OURS = _("another OsteoCDS is running at {address}: stop it, or name another port, as in {setting}")
TAKEN = _("something else listens at {address}: stop it, or name another port, as in {setting}")


def _is_ours(address: str) -> bool:
    """An OsteoCDS answers there, or the FHIR server of one."""
    with requests.Session() as session:
        session.trust_env = False
        for path, mark in (("/cds-services", EXTENSION), ("/fhir/Patient/" + DEMO_PATIENTS[0].id, DEMO_PATIENTS[0].id)):
            try:
                with session.get(address + path, timeout=2, stream=True) as answer:
                    if mark.encode() in next(answer.iter_content(MOST_READ), b""):
                        return True
            except requests.RequestException:
                continue
    return False


MOST_READ = 100_000
"""Bytes of an answer in which an OsteoCDS is looked for."""


@contextmanager
def demo_servers(
    settings: Settings, fhir_server: Path | None, language: Language, today: date, echo: Echo
) -> Iterator[tuple[str, str]]:
    """A FHIR server with the demo patients, and the service beside it; both addresses. Raises `DemoFailed`."""
    refuse_taken(settings.port, "OSTEOCDS_PORT")
    refuse_taken(settings.demo_fhir_port, "OSTEOCDS_DEMO_FHIR_PORT")
    echo(spoken(_("Starting a FHIR R4 server on loopback ..."), language))
    try:
        with embedded_fhir(fhir_server or DEFAULT_FHIR_SERVER, port=settings.demo_fhir_port) as fhir_base:
            loaded = load(DEMO_PATIENTS, fhir_base, today)
            echo("  " + spoken(_("{what}: {why}", what=fhir_base, why=of_patients(loaded)), language))
            with tempfile.TemporaryDirectory(prefix="osteocds-demo-") as folder:
                base = f"http://127.0.0.1:{settings.port or free_port()}"
                environment = os.environ | {
                    "OSTEOCDS_HOST": "127.0.0.1",
                    "OSTEOCDS_PORT": base.rpartition(":")[2],
                    "OSTEOCDS_FHIR_BASES": fhir_base,
                    "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1",
                    "OSTEOCDS_TRY": "1",
                    "OSTEOCDS_PUBLIC_URL": settings.public_url or base,
                    "OSTEOCDS_DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3",
                    "OSTEOCDS_LEDGER_KEEPS": "texts,facts,requests",  # nobody is real, and the folder is deleted
                }
                echo(spoken(_("Starting the service ..."), language))
                command = [sys.executable, "-m", service.__name__, "serve"]
                with running(command, base, start_seconds=60, environment=environment, ready="/health/ready"):
                    echo(f"  {base}/cds-services")
                    yield fhir_base, base
    except EmbeddedFhirError as error:
        raise DemoFailed(*error.args) from error


def run_demo(settings: Settings, fhir_server: Path | None, language: Language, *, now: datetime, echo: Echo) -> None:
    """Fire the hooks of every demo patient at servers started for it, and print the cards. Raises `DemoFailed`."""
    with demo_servers(settings, fhir_server, language, now.date(), echo) as (fhir_base, base):
        fire_hooks(base, fhir_base, language, today=now.date(), echo=echo)
    echo("")
    echo(spoken(_("Stopped. Keep the service and the FHIR server running with: make run"), language))


def fire_hooks(base: str, fhir_base: str, language: Language, *, today: date, echo: Echo) -> None:
    """Fire the hooks of every demo patient at the service at `base`, and print the cards.

    The service asks the FHIR server, which holds the patients, at `fhir_base`. Raises `DemoFailed`.
    """
    with requests.Session() as session:
        session.trust_env = False
        for guideline, patient in ((one, patient) for one in GUIDELINES for patient in one.demo_patients):
            request = hook_request(patient, demo_record(patient, today), fhir_base)
            url = f"{base}/cds-services/{guideline.id}-{request['hook']}"
            answer = session.post(url, json=request, headers={"Accept-Language": language.value}, timeout=30)
            if not answer.ok:
                failed = _("the service answered HTTP {status} for {patient}", status=str(answer.status_code))
                raise DemoFailed(Said(failed.with_(patient=patient.id)))
            echo("")
            echo("=" * 100)
            echo(spoken(patient.who, language))
            line = _("{what}: {why}", what=str(request["hook"]), why=ordered(patient))
            echo("  " + spoken(line, language))
            cards = answer.json()["cards"]
            for card in cards:
                echo("")
                echo("\n".join(printed_card(card, language)))
            if not cards:
                echo("\n" + "   " + spoken(_("no card: nothing to say"), language))


def of_patients(resources: int) -> Text:
    """How much was loaded, of how many."""
    return _(
        "{resources} of {patients}",
        resources=_n("{number} resource", "{number} resources", resources),
        patients=_n("{number} synthetic patient", "{number} synthetic patients", len(DEMO_PATIENTS)),
    )


ROUTES = {"subcutaneous": _("subcutaneous"), "intravenous": _("intravenous")}
EVERY = {"week": _("every {number} weeks"), "month": _("every {number} months")}
EACH = {"week": _("every week"), "month": _("every month")}


def ordered(patient: DemoPatient) -> Text:
    """What is ordered for a demo patient, as an EHR might list it."""
    if not patient.orders:
        return _("no order")
    return _("{orders}", orders=tuple(_line(order) for order in patient.orders))


def _line(order: Mapping[str, Any]) -> Text:
    """One order in the words of the examples: its drug or act, site, dose, fractions, route, interval and duration."""
    line: Text = (
        verbatim(str(order["drug"])) if "drug" in order else act_named(order["act"], terminology_of(GUIDELINES))
    )
    if "site" in order:
        line = _("{line} ({what})", line=line, what=site_named(order["site"]))
    for part, said in SAID.items():
        if part in order:
            line = PARTS[part].with_(line=line, what=said(order[part]))
    return line


PARTS = {
    "dose": _("{line} {what}"),
    "fractions": _("{line} {what}"),
    "route": _("{line} {what}"),
    "every": _("{line}, {what}"),
    "over": _("{line}, {what}"),
}


def _amount(told: str) -> Amount:
    number, unit = told.split()
    return Amount(Decimal(number), unit)


def _interval(told: str) -> Text:
    number, unit = told.split()
    return EACH[unit] if number == "1" else EVERY[unit].with_(number=int(number))


def _duration(told: str) -> Text:
    return _("over {time}", time=_amount(told))


def _fractions(told: int) -> Text:
    return _n("in {number} fraction", "in {number} fractions", told)


SAID: dict[str, Callable[[Any], Text | Amount | None]] = {
    "dose": _amount,
    "fractions": _fractions,
    "route": ROUTES.get,
    "every": _interval,
    "over": _duration,
}
"""How each part of an order is said, in the order of a line."""


def keep_running(
    settings: Settings, fhir_server: Path | None, language: Language, *, now: datetime, echo: Echo
) -> None:
    """Keep both servers running until interrupted. Raises `DemoFailed`."""
    with demo_servers(settings, fhir_server, language, now.date(), echo) as (fhir_base, base):
        echo("")
        echo(spoken(_("Open: {address}", address=f"{base}/try"), language))
        echo("")
        echo(spoken(_("The patients:"), language))
        for patient in DEMO_PATIENTS:
            echo(f"  {patient.id:<16}{spoken(patient.who, language)}")
        echo("")
        echo(spoken(_("Fire a hook: {command}", command=_curl(base, fhir_base)), language))
        echo(spoken(_("Stop with Ctrl-C."), language))
        try:
            Event().wait()
        except KeyboardInterrupt:
            echo(spoken(_("Stopping ..."), language))


def _curl(base: str, fhir_base: str) -> str:
    """A command that opens the chart of a demo patient: the first of whom nothing is ordered."""
    guideline, patient = next((one, each) for one in GUIDELINES for each in one.demo_patients if not each.orders)
    request = json.dumps(hook_request(patient, SyntheticRecord(patient.id, date.min), fhir_base))
    return f"curl --header 'Content-Type: application/json' --data '{request}' {base}/cds-services/{guideline.id}-patient-view"
