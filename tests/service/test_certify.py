"""`osteocds certify`: a healthy site passes, each of many misconfigurations is found by the check that is about it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from justhtml import JustHTML
from support.gateway import Call, Reply, gateway
from support.installation import (
    FHIR_TOKEN,
    Installation,
    installation,
    kept,
    make_key,
    needs_token,
    now,
    refusal,
    searchset,
)

from service.certify import calls
from service.certify.check import CHECKS, Verdict
from service.certify.tokens import Tokens, tokens_of
from service.demo.embedded_fhir import embedded_fhir, free_port
from service.demo.run import DEMO_PATIENTS, load
from service.guidelines import GUIDELINES
from service.ledger.signing import NoReceipt, Seal, read_keys, receipt_in

SEKMET = Path(__file__).parents[2] / ".venv-sekmet/bin/sekmet"
ATTENTION = ("warn", "fail")


@pytest.fixture(scope="module")
def fhir_base() -> Iterator[str]:
    with embedded_fhir(SEKMET) as base:
        load(DEMO_PATIENTS, base, now().date())
        yield base


@pytest.fixture
def site(tmp_path: Path, fhir_base: str) -> Iterator[Installation]:
    with installation(tmp_path, fhir_base) as healthy:
        yield healthy


# --- a healthy site ---------------------------------------------------------------------------------------------------


def test_a_healthy_site_passes_every_check(site):
    result = site.certify("--write")
    assert site.outcomes("warn", "fail", "not run") == {}, result.output
    assert site.outcomes("pass").keys() == CHECKS.keys()
    assert result.exit_code == 0
    assert site.report["verdict"] == "pass"
    asked = [one["about"] for one in site.report["checks"] if one["id"] == "orders.cards"]
    assert asked == [chapter.topic for guideline in GUIDELINES for chapter in guideline.chapters]


def test_what_was_written_bears_a_tag_and_is_gone_afterwards(site, fhir_base):
    written: list[dict] = []

    def note(call: Call) -> Reply | None:
        if call.method == "POST" and call.address == "/fhir":
            written.extend(json.loads(call.body)["entry"])
        return needs_token(call)

    site.fhir.before = note
    site.certify("--write")
    created = [one["resource"] for one in written if one["request"]["method"] == "POST"]
    assert len(created) > len(GUIDELINES[0].chapters)
    assert {one["meta"]["tag"][0]["system"] for one in created} == {"urn:osteocds:certify"}
    assert {one["meta"]["security"][0]["code"] for one in created} == {"HTEST"}
    left = requests.get(f"{fhir_base}/Patient", {"_tag": "urn:osteocds:certify|"}, timeout=10).json()
    assert left["total"] == 0


def test_without_write_nothing_is_written(site):
    methods: set[str] = set()

    def note(call: Call) -> Reply | None:
        methods.add(f"{call.method} {'search' if call.is_search or call.method == 'GET' else call.address}")
        return needs_token(call)

    site.fhir.before = note
    site.certify()
    assert methods == {"GET search", "POST search"}
    assert {site.outcomes("not run")[one] for one in CHECKS if one.startswith("orders.")} == {"not run"}


def test_the_report_holds_nothing_of_a_patient_nor_a_token(site):
    result = site.certify("--write")
    told = [result.output, *(path.read_text() for path in (site.folder / "out").iterdir())]
    names = {patient.id for patient in DEMO_PATIENTS} | {FHIR_TOKEN}
    for text in told:
        assert not [name for name in names if name in text]
        assert not re.search(r"eyJ[\w-]+\.", text)


def test_the_report_is_signed_by_the_key_of_receipts_and_is_no_receipt(site):
    site.certify()
    told = (site.folder / "out/certification.json").read_bytes()
    keys = read_keys(kept() / "receipt.pem")
    assert keys.seal(told) is Seal.HOLDS
    assert keys.seal(told.replace(b'"pass"', b'"fail"', 1)) is Seal.CHANGED
    document = json.loads(told)
    assert keys.seal(json.dumps({"receipt": document["report"], "signature": document["signature"]}).encode()) is Seal.CHANGED
    with pytest.raises(NoReceipt):
        receipt_in(told)


def test_the_report_is_a_page_that_names_its_file_and_prints(site):
    site.certify()
    page = (site.folder / "out/certification.html").read_text()
    assert JustHTML(page, strict=True).root
    assert "@media print" in page
    assert all(f"<code>{check}</code>" in page for check in CHECKS)
    assert "<script" not in page
    kid = json.loads(json.dumps(read_keys(kept() / "receipt.pem").public))["keys"][0]["kid"]
    assert kid in page


def test_a_french_report_is_french(site):
    site.environment["OSTEOCDS_LANGUAGE"] = "fr"
    site.running["language"] = "fr"
    result = site.certify("--language", "fr")
    assert "réussi" in result.output
    assert "passed" not in result.output
    assert '<html lang="fr">' in (site.folder / "out/certification.html").read_text()


# --- what is wrong is found -------------------------------------------------------------------------------------------

Change = Callable[[Installation], None]


@dataclass(frozen=True)
class Planted:
    """A misconfiguration, and all the checks that must tell of it: no other may."""

    plant: Change
    told: dict[str, str]
    says: str = ""
    options: tuple[str, ...] = field(default=())


def environment(**changed: str) -> Change:
    def plant(site: Installation) -> None:
        site.environment |= changed

    return plant


def running(**changed: object) -> Change:
    def plant(site: Installation) -> None:
        site.running |= changed

    return plant


def fhir(before: Callable[[Call], Reply | None]) -> Change:
    """A fault of the FHIR server; who has no token is refused as ever."""

    def plant(site: Installation) -> None:
        site.fhir.before = lambda call: needs_token(call) or before(call)

    return plant


def fhir_says(after: Callable[[Call, Reply], Reply]) -> Change:
    def plant(site: Installation) -> None:
        site.fhir.after = after

    return plant


def front(before: Callable[[Call], Reply | None]) -> Change:
    def plant(site: Installation) -> None:
        site.front.before = before

    return plant


def replaced(old: str, new: str, **only: str) -> Callable[[Call, Reply], Reply]:
    """What a server says, with other words; of one type, or at one address."""

    def after(call: Call, reply: Reply) -> Reply:
        if only.get("type", call.resource_type) == call.resource_type and call.address.startswith(only.get("at", "")):
            reply.body = reply.body.replace(old.encode(), new.encode())
        return reply

    return after


def drop(name: str) -> Callable[[Call], None]:
    return lambda call: call.headers.pop(name, None) and None


def ignoring(*names: str) -> Callable[[Call], None]:
    return lambda call: call.without(*names)


def refusing(status: int, *types: str) -> Callable[[Call], Reply | None]:
    return lambda call: refusal(status) if call.resource_type in types else None


def login_page(at: str) -> Callable[[Call], Reply | None]:
    page = Reply(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
    return lambda call: page if call.address == at else None


def too_long(call: Call) -> Reply | None:
    return Reply(413, {}, b"") if len(call.body) > 1_000_000 else None


def another_client(site: Installation) -> None:
    table = '[other]\nissuer = "https://other.example"\njwks = "keys/keys.json"\n'
    registry = site.folder / "other.toml"
    registry.write_text(table)
    site.running["clients"] = registry


def another_base_listed(site: Installation) -> None:
    table = '[certify]\nissuer = "https://certify.example"\njwks = "keys/keys.json"\n'
    registry = site.folder / "other.toml"
    registry.write_text(f'{table}fhir_bases = ["https://elsewhere.example/fhir"]\n')
    site.running["clients"] = registry


def nobody(site: Installation) -> None:
    site.starts = False
    site.front.before = lambda _call: Reply(502, {}, b"")


def fhir_nobody(site: Installation) -> None:
    site.environment["OSTEOCDS_FHIR_BASES"] = f"http://127.0.0.1:{free_port()}/fhir"


def no_base(site: Installation) -> None:
    site.environment["OSTEOCDS_FHIR_BASES"] = ""
    site.options = site.options[:2]


def replicas_apart(site: Installation) -> None:
    site.replicas = 2


def open_fhir_server(site: Installation) -> None:
    site.fhir.before = lambda _call: None


def ahead(site: Installation) -> None:
    site.front.ahead = 600


def fhir_ahead(site: Installation) -> None:
    site.fhir.ahead = -30


def trusting_gateway(site: Installation) -> None:
    """It puts a sound token of its own in the place of whatever comes."""
    moment = int(time.time())
    keys = {"public_url": site.front.address, "service": "x", "moment": moment, "bases": [site.base]}
    tokens: Tokens = tokens_of(site.folder / "keys", "certify", **keys)
    numbers = iter(range(10**6))

    def before(call: Call) -> None:
        call.headers["Authorization"] = f"Bearer {tokens.token(number=f'x{next(numbers)}', aud=site.front.address)}"

    site.front.before = before


def keeping(site: Installation) -> None:
    """A proxy that keeps discovery, whatever the language."""
    kept_answers: dict[str, Reply] = {}

    def after(call: Call, reply: Reply) -> Reply:
        return kept_answers.setdefault(call.address, reply) if call.address == "/cds-services" else reply

    site.front.after = after


def concept_map(site: Installation) -> None:
    element = {"code": "CREA", "target": [{"code": "2160-0", "equivalence": "equivalent"}]}
    group = {"source": "urn:site:lab", "target": "http://loinc.org", "element": [element]}
    path = site.folder / "map.json"
    path.write_text(json.dumps({"resourceType": "ConceptMap", "group": [group]}))
    site.environment["OSTEOCDS_CONCEPT_MAPS"] = str(path)


def damaged(site: Installation) -> None:
    path = site.folder / "damaged.sqlite3"
    path.write_bytes(b"no database" * 1000)
    site.running["database_url"] = f"sqlite:///{path}"


def http_address(site: Installation) -> None:
    """An address that is not this machine's alone, as far as anybody can tell."""
    site.options += ["--fhir-base", site.base.replace("127.0.0.1", "127.0.0.2")]


def no_code(call: Call) -> Reply | None:
    if "combo-code" in call.parameters:
        return refusal(400)
    call.without("code")
    return None


def no_typed_reference(call: Call) -> Reply | None:
    return searchset() if call.parameters.get("patient", "").startswith("Patient/") else None


def slow(call: Call) -> None:
    time.sleep(0.8 if call.is_search else 0)


def elsewhere(call: Call, reply: Reply) -> Reply:
    told = json.loads(reply.body)
    for link in told.get("link", ()):
        if link["relation"] == "next":
            link["url"] = link["url"].replace(f"http://{call_host(link['url'])}", "http://hapi:8080")
    reply.body = json.dumps(told).encode()
    return reply


def call_host(url: str) -> str:
    return url.split("/")[2]


def without_links(_call: Call, reply: Reply) -> Reply:
    told = json.loads(reply.body)
    told.pop("link", None)
    reply.body = json.dumps(told).encode()
    return reply


def not_found_yet(call: Call) -> Reply | None:
    """What is written is not found: a search index that is behind."""
    known = {f"Patient/{patient.id}" for patient in DEMO_PATIENTS}
    return searchset() if call.is_search and call.parameters.get("patient", "") not in {*known, ""} else None


def no_writing(call: Call) -> Reply | None:
    return refusal(403) if call.method == "POST" and call.address == "/fhir" else None


def no_deleting(call: Call) -> Reply | None:
    return refusal(405) if call.method == "DELETE" or b'"DELETE"' in call.body else None


PLANTED = {
    # the running service
    "nobody behind the proxy": Planted(nobody, {"service.live": "fail"}, "HTTP 502"),
    "another page answers": Planted(front(login_page("/health/live")), {"service.live": "fail", "service.public-url": "warn"}),
    "a login before discovery": Planted(front(login_page("/cds-services")), {"service.discovery": "fail", "service.language": "fail"}),
    "a damaged database": Planted(damaged, {"service.database": "fail", "token.sound": "fail"}, "damaged"),
    "Redis is gone": Planted(
        running(redis_url=f"redis://127.0.0.1:{free_port()}/0"), {"service.replay-store": "fail", "token.sound": "fail"}
    ),
    "Redis is gone, and tokens are taken unchecked": Planted(
        running(redis_url=f"redis://127.0.0.1:{free_port()}/0", unchecked_tokens="allow"),
        {"service.replay-store": "warn", "token.twice": "fail"},
    ),
    "another version runs": Planted(
        lambda site: setattr(site.front, "after", replaced('"osteocds":"', '"osteocds":"9.', at="/cds-services")),
        {"service.version": "warn"},
        "osteocds 9.",
    ),
    "a ConceptMap is missing": Planted(concept_map, {"service.settings": "fail"}, "creatinine"),
    "services are split here alone": Planted(environment(OSTEOCDS_SPLIT_SERVICES="1"), {"service.settings": "fail"}),
    "another language": Planted(environment(OSTEOCDS_LANGUAGE="fr"), {"service.language": "fail"}),
    "a proxy drops Accept-Language": Planted(front(drop("Accept-Language")), {"service.language": "fail"}),
    "a proxy keeps answers of all languages": Planted(keeping, {"service.language": "fail"}),
    "the service's clock is ahead": Planted(ahead, {"service.clock": "fail"}, "600 s"),
    "no public address": Planted(environment(OSTEOCDS_PUBLIC_URL=""), {"service.public-url": "warn"}),
    "a public address of nobody": Planted(
        lambda site: site.environment.update(OSTEOCDS_PUBLIC_URL=f"http://127.0.0.1:{free_port()}"),
        {"service.public-url": "warn", "token.sound": "fail"},
    ),
    "a proxy with short bodies": Planted(front(too_long), {"service.body-size": "fail"}, "HTTP 413"),
    "the page to try": Planted(
        running(try_page=True, allow_unauthenticated=True), {"service.try-page": "fail", "token.none": "fail"}
    ),
    "receipts that nobody signs": Planted(running(receipt_key=None), {"service.receipts": "warn"}),
    "receipts by another key": Planted(running(receipt_key=kept() / "another.pem"), {"service.receipts": "fail"}),
    # tokens
    "open to anybody": Planted(running(allow_unauthenticated=True), {"token.none": "fail"}),
    "a client that is not registered": Planted(another_client, {"token.sound": "fail"}),
    "a proxy drops Authorization": Planted(front(drop("Authorization")), {"token.sound": "fail"}),
    "replicas without a shared store": Planted(replicas_apart, {"token.twice": "fail"}, "2 times of 6"),
    "a gateway that trusts everybody": Planted(
        trusting_gateway, {"token.none": "fail", "token.twice": "fail", "token.forged": "fail"}
    ),
    # FHIR servers
    "no base": Planted(no_base, {"fhir.listed": "fail"}),
    "nobody at the base": Planted(fhir_nobody, {"fhir.reachable": "fail"}),
    "a login before the FHIR server": Planted(fhir(login_page("/fhir/metadata")), {"fhir.reachable": "fail"}),
    "R5": Planted(fhir_says(replaced("4.0.1", "5.0.0", at="/fhir/metadata")), {"fhir.version": "fail"}, "5.0.0"),
    "the FHIR server's clock is behind": Planted(fhir_ahead, {"fhir.clock": "warn"}, "30 s"),
    "a FHIR server open to anybody": Planted(open_fhir_server, {"fhir.token": "fail"}),
    "a token without a scope": Planted(
        fhir(refusing(403, "Condition")), {"fhir.read": "fail", "fhir.by-service": "fail"}, "scopes"
    ),
    "a type that the server does not have": Planted(fhir(refusing(404, "BodyStructure")), {"fhir.read": "fail"}, "404"),
    "a type told as missing that is there": Planted(
        environment(OSTEOCDS_MISSING_RESOURCE_TYPES="ImagingStudy"), {"fhir.read": "warn"}
    ),
    "patient ignored": Planted(fhir(ignoring("patient")), {"fhir.own-patient": "fail", "fhir.by-service": "fail"}),
    "typed references find nothing": Planted(fhir(no_typed_reference), {"fhir.patient-reference": "fail"}),
    "combo-code ignored": Planted(fhir(ignoring("combo-code")), {"fhir.code": "fail"}, "combo-code is ignored"),
    "combo-code refused, code ignored": Planted(fhir(no_code), {"fhir.code": "fail"}, "code is ignored"),
    "_count ignored": Planted(fhir(ignoring("_count")), {"fhir.count": "warn"}),
    "_sort ignored": Planted(fhir(ignoring("_sort")), {"fhir.sort": "warn"}),
    "links to an inner address": Planted(fhir_says(elsewhere), {"fhir.paging": "fail"}, "hapi"),
    "no links": Planted(fhir_says(without_links), {"fhir.paging": "fail"}),
    "a slow FHIR server": Planted(
        lambda site: (
            fhir(slow)(site),
            environment(OSTEOCDS_DEADLINE_SECONDS="0.5")(site),
            running(deadline_seconds=0.5)(site),
        )
        and None,
        {"fhir.time": "fail", "fhir.by-service": "fail"},
    ),
    "a base that the service does not list": Planted(another_base_listed, {"fhir.by-service": "fail"}, "allowlist"),
    # codes
    "local codes": Planted(
        fhir_says(replaced("http://snomed.info/sct", "urn:site:acts", type="Procedure")),
        {"codes.understood": "warn"},
        "urn:site:acts|",
    ),
    "local units": Planted(
        fhir_says(replaced('"unit":"ng/mL"', '"unit":"furlong","was":"ng/mL"', type="Observation")),
        {"codes.units": "warn"},
        "furlong",
    ),
    # orders
    "no right to write": Planted(fhir(no_writing), {"orders.created": "fail"}, "HTTP 403", ("--write",)),
    "a search index that is behind": Planted(fhir(not_found_yet), {"orders.cards": "fail"}, "no card", ("--write",)),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_misconfiguration_is_found_and_nothing_else(name, site):
    planted = PLANTED[name]
    planted.plant(site)
    result = site.certify(*planted.options)
    assert site.outcomes(*ATTENTION) == planted.told, result.output
    assert result.exit_code == (1 if "fail" in planted.told.values() else 0)
    check = next(iter(planted.told))
    assert planted.says in site.seen(check)
    assert all("todo" in one for one in site.report["checks"] if one["verdict"] in ATTENTION)


def test_every_check_is_failed_by_a_misconfiguration():
    told = {check for planted in PLANTED.values() for check in planted.told}
    elsewhere = {"orders.deleted", "service.transport", "fhir.transport", "fhir.patients"}
    assert told | elsewhere == CHECKS.keys()
