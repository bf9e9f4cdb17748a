"""A hospital: a real FHIR server, the service over HTTP, and an EHR between the two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from fhir_loading import Resource, loaded
from patients import PUBLIC_URL, Patient, plain
from support.ehr import check_hook_answer
from support.serving import served

SECONDS_TO_ANSWER = 60
PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 - a prefetch token of CDS Hooks, no secret


@dataclass(frozen=True, eq=False)
class Hospital:
    """A FHIR base, the service that may call it, and its prefetch templates by hook."""

    fhir_base: str
    service_base: str
    templates: dict[str, dict[str, str]]
    session: requests.Session

    @contextmanager
    def admits(self, patient: Patient) -> Iterator[Stay]:
        """Have the patient's record on the FHIR server while the block lasts."""
        with loaded(self.fhir_base, patient.record) as prefix:
            yield Stay(self, patient, prefix)


@dataclass(frozen=True, eq=False)
class Stay:
    """A patient whose record lies on the hospital's FHIR server, its ids with this prefix."""

    hospital: Hospital
    patient: Patient
    prefix: str
    _found: dict[str, Resource] = field(default_factory=dict)

    def prefetched(self, hook: str, keys: Iterable[str]) -> dict[str, Resource]:
        """What an EHR finds when it fills in and runs these templates: one GET each, its first page."""
        templates = self.hospital.templates[hook]
        return {
            key: self._get(templates[key].replace(PATIENT_TOKEN, f"{self.prefix}{self.patient.id}")) for key in keys
        }

    def _get(self, search: str) -> Resource:
        if search not in self._found:
            answer = self.hospital.session.get(
                f"{self.hospital.fhir_base}/{search}",
                headers={"Cache-Control": "no-cache"},  # HAPI repeats a search's answer for a minute otherwise
                timeout=SECONDS_TO_ANSWER,
            )
            assert answer.ok, f"{search}: {answer.status_code} {answer.text[:1000]}"
            self._found[search] = answer.json()
        return self._found[search]

    def request(self, hook: str, *prefetch_keys: str) -> dict[str, Any]:
        """A request with these keys prefetched and the rest left to the FHIR server."""
        return self.patient.request(hook, self.prefix) | {
            "prefetch": self.prefetched(hook, prefetch_keys),
            "fhirServer": self.hospital.fhir_base,
        }

    def cards(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """The cards that the service answers a request with; every answer is held to the protocol."""
        url = f"{self.hospital.service_base}/cds-services/bone-metastases-{request['hook']}"
        answer = self.hospital.session.post(url, json=request, timeout=2 * SECONDS_TO_ANSWER)
        assert answer.status_code == 200, answer.text
        check_hook_answer(answer.json())
        return plain(answer.json()["cards"], self.prefix)


@contextmanager
def hospital(fhir_base: str, *, deadline_seconds: float = SECONDS_TO_ANSWER) -> Iterator[Hospital]:
    """Have the service beside a FHIR server, the only one that it may call, while the block lasts."""
    with (
        served(fhir_bases=(fhir_base,), deadline_seconds=deadline_seconds, public_url=PUBLIC_URL) as service_base,
        requests.Session() as session,
    ):
        discovery = session.get(f"{service_base}/cds-services", timeout=SECONDS_TO_ANSWER).json()
        templates = {one["hook"]: one["prefetch"] for one in discovery["services"]}
        yield Hospital(fhir_base, service_base, templates, session)
