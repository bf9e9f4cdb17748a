"""The command line speaks French whole: help, errors, reports and explanations, those of click included."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tools.messages import catalogue_of, domains

from service.cli import main
from service.commands.hook_requests import PROBLEMS
from service.commands.ledger import report
from service.demo.run import DEMO_PATIENTS, ordered
from service.guidelines import GUIDELINES
from service.languages.render import Language, spoken
from service.languages.terminal import CLICK, asked

HOOKS = Path(__file__).parents[1] / "hooks"
WORD = re.compile(r"(?<![\w/|_.=-])[A-Za-zÀ-ÿœ]{2,}(?![\w/|_=-]|\.\w)")


def words(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(text)}


def texts(message: str | tuple[str, ...]) -> Iterator[str]:
    """The forms of a message, without its placeholders."""
    for text in (message,) if isinstance(message, str) else message:
        yield re.sub(r"\{[^}]*\}|%\(\w+\)s", " ", text)


def english() -> set[str]:
    """The words that English sentences of the catalogues hold, and no French one."""
    said: dict[str, set[str]] = {"english": set(), "french": set()}
    for domain in domains():
        for path in domain.catalogues:
            for message in catalogue_of(path):
                if message.id:
                    said["english"].update(*(words(text) for text in texts(message.id)))
                    said["french"].update(*(words(text) for text in texts(message.string)))
    return said["english"] - said["french"]


ENGLISH = english()
RULES = {rule.id for guideline in GUIDELINES for rule in guideline.rules}
NAMES = {"context", "none", "many", "conditions", "message", "ct"} | {
    one for one in (*main.commands, *report.commands, *RULES) if one.isalpha()
}
"""Words that stand in every language: of requests, commands and rules, and what the tests below give."""


def in_french(*arguments: str, env: dict[str, str] | None = None, **others: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments], env=env or {"OSTEOCDS_LANGUAGE": "fr"}, **others)
    return result.exit_code, result.output


def check(output: str, *, of_the_record: str = "") -> None:
    assert output.strip()
    found = words(output) & ENGLISH - NAMES - words(of_the_record)
    assert not found, f"{sorted(found)} in {output}"


def test_the_words_that_are_looked_for_are_english() -> None:
    assert {"missing", "show", "which", "silent", "understood", "order"} <= ENGLISH
    assert not {"options", "arguments", "usage de", "dose", "vertèbre"} & ENGLISH


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands)], ids=" ".join)
def test_the_help_of_every_command(command: list[str]) -> None:
    status, output = in_french(*command, "--help")
    assert status == 0
    assert output.startswith("Utilisation\u202f: ")
    assert "Options\u202f:\n" in output
    check(output)


WRONG = {
    "no command": ["--language", "fr"],
    "another command": ["chek"],
    "another option": ["check", "--lang", "x"],
    "no argument": ["check"],
    "one argument too many": ["rules", "x"],
    "two arguments too many": ["rules", "x", "y"],
    "no value": ["demo", "--fhir-server"],
    "one value of two": ["demo", "--at", "http://127.0.0.1"],
    "a value for a flag": ["check", "--json=1", "x"],
    "another choice": ["--language", "de", "rules"],
    "no such file": ["check", "none.json"],
    "no such folder": ["coverage", "/none"],
    "no number": ["coverage", "--top", "many", "."],
    "no seconds": ["load-demo-patients", "--wait", "long", "http://127.0.0.1:9"],
    "too small": ["coverage", "--top", "0", "."],
    "no FHIR server of the demo": ["demo", "--fhir-server", "none"],
    "a FHIR server that does not answer": ["load-demo-patients", "http://127.0.0.1:9"],
    "a FHIR server that does not come": ["load-demo-patients", "--wait", "0.2", "http://127.0.0.1:9"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_command(arguments: list[str]) -> None:
    status, output = in_french(*arguments)
    assert status != 0
    check(output.partition("HTTPConnectionPool")[0])  # what the library says of the network is English


SETTINGS = {
    "OSTEOCDS_PORT": "many",
    "OSTEOCDS_HOST": "",
    "OSTEOCDS_WORKERS": "0",
    "OSTEOCDS_CLIENTS": "/none",
    "OSTEOCDS_TIMEZONE": "Mars",
    "OSTEOCDS_DEADLINE_SECONDS": "soon",
    "OSTEOCDS_SELECTION_BEHAVIOR": "some",
    "OSTEOCDS_EXPLAIN": "yep",
    "OSTEOCDS_PUBLIC_URL": "ftp",
    "OSTEOCDS_CLINICAL_SETTINGS": "/none",
    "OSTEOCDS_CORS_ORIGINS": "all",
    "OSTEOCDS_PORTS": "1",
    "OSTEOCDS_FHIR_BASES": "x",
    "OSTEOCDS_DATABASE_URL": "x",
    "OSTEOCDS_CONCEPT_MAPS": "/none",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_cannot_be_used(name: str) -> None:
    status, output = in_french("serve", env={"OSTEOCDS_LANGUAGE": "fr", name: SETTINGS[name]})
    assert status == 1
    assert name.removesuffix("PORTS") in output or "/none" in output
    check(output.replace(repr(SETTINGS[name]), ""))


CLIENTS = {
    "no TOML": "[",
    "none": "",
    "outside": "issuer = 'x'",
    "another key": "[ward]\nisuer = 'x'",
    "no key that is near": "[ward]\nxyz = 'x'",
    "another type": "[ward]\nissuer = 'x'\nmax_cards = 0",
    "no issuer": "[ward]\njku = 'https://ehr.example.org/jwks'",
    "no keys": "[ward]\nissuer = 'x'",
    "no usable key": "[ward]\nissuer = 'x'\njwks = 'none.json'",
    "another base": "[ward]\nissuer = 'x'\njku = 'https://ehr.example.org/jwks'\nfhir_bases = ['x']",
    "no audience": "[ward]\nissuer = 'x'\njku = 'https://ehr.example.org/jwks'",
}


@pytest.mark.parametrize("told", CLIENTS.values(), ids=CLIENTS)
def test_a_registry_of_clients_that_cannot_be_used(told: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(told, encoding="utf-8")
    env = {"OSTEOCDS_LANGUAGE": "fr", "OSTEOCDS_CLIENTS": str(path), "OSTEOCDS_DATABASE_URL": f"sqlite:///{tmp_path}/x"}
    status, output = in_french("serve", env=env)
    assert status == 1
    check(output.partition("(")[0])  # what the library says of TOML is English


MAPS = {
    "no ConceptMap": {},
    "no array": {"resourceType": "ConceptMap", "group": {}},
    "no source": {"resourceType": "ConceptMap", "group": [{}]},
    "no concept": {"target": "urn:osteocds:concept", "code": "none"},
    "no code": {"target": "http://loinc.org", "code": "none"},
}


@pytest.mark.parametrize("told", MAPS.values(), ids=MAPS)
def test_a_concept_map_that_cannot_be_used(told: dict[str, str], tmp_path: Path) -> None:
    target = [{"code": told.get("code", "")}]
    group = {"source": "urn:s", "target": told.get("target"), "element": [{"code": "X", "target": target}]}
    whole = {"resourceType": "ConceptMap", "group": [group]} if "target" in told else told
    (tmp_path / "m.json").write_text(json.dumps(whole), encoding="utf-8")
    env = {"OSTEOCDS_LANGUAGE": "fr", "OSTEOCDS_CONCEPT_MAPS": str(tmp_path / "m.json")}
    status, output = in_french("services", env=env)
    assert status == 1
    check(output)


REQUESTS = {
    "no object": [],
    "no hook": {},
    "another hook": {"hook": "order-dispatch"},
    "nothing but a hook": {"hook": "order-sign"},
    "no context": {"hook": "order-select", "hookInstance": "1", "context": {"patientId": 1.5}},
    "no patient": {"hook": "patient-view", "hookInstance": " ", "context": {"patientId": "."}},
    "no drafts": {"hook": "order-select", "hookInstance": "1", "context": {"patientId": "1", "draftOrders": []}},
    "no Bundle": {
        "hook": "order-sign",
        "hookInstance": "1",
        "context": {"patientId": "1", "draftOrders": {"resourceType": "X"}},
    },
    "no entries": {
        "hook": "order-sign",
        "hookInstance": "1",
        "context": {"patientId": "1", "draftOrders": {"entry": 1}},
    },
    "long": {"hook": "patient-view", "hookInstance": "1", "context": {"patientId": "1" * 600}},
    "no token": {
        "hook": "patient-view",
        "hookInstance": "1",
        "fhirAuthorization": {"access_token": " "},
        "context": {},
    },
    "no record": {"hook": "patient-view", "hookInstance": "1", "context": {"patientId": "1"}},
}


@pytest.mark.parametrize("told", REQUESTS.values(), ids=REQUESTS)
def test_a_request_that_cannot_be_answered(told: object, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(told), encoding="utf-8")
    status, output = in_french("check", str(tmp_path / "r.json"), "--service", "bone-metastases-patient-view")
    assert status == 1
    check(output)
    status, output = in_french("check", str(tmp_path / "r.json"))
    assert status == 1
    check(output)


def test_every_sentence_of_the_protocol_is_one_that_it_says() -> None:
    said = "".join(path.read_text("utf-8") for path in (Path(__file__).parents[2] / "cds_hooks").glob("*.py"))
    ours = [text.message for text in PROBLEMS if not text.message[0].isupper()]
    assert all(re.split(r"\{", text)[0] in said for text in ours)


@pytest.mark.parametrize("hook", sorted(path.parent.name for path in HOOKS.glob("*/request.json")))
def test_cards_and_the_explanation(hook: str) -> None:
    request = (HOOKS / hook / "request.json").read_text("utf-8")
    status, output = in_french("check", str(HOOKS / hook / "request.json"), "--as-of", "2026-11-22T09:30", "--explain")
    assert status == 0
    check(output, of_the_record=request)


@pytest.mark.parametrize("command", ["rules", "services", "catalogue"])
def test_what_is_listed(command: str) -> None:
    status, output = in_french(command, "--language", "fr")
    assert status == 0
    check(re.sub(r"(?m)^    \S+: [A-Z]\w+\?.*$", "", output), of_the_record="Bundle")


@pytest.mark.parametrize("top", ["1", "30"])
def test_the_report_of_a_sample(tmp_path: Path, top: str) -> None:
    for path in HOOKS.glob("*/request.json"):
        (tmp_path / f"{path.parent.name}.json").write_bytes(path.read_bytes())
    (tmp_path / "broken.ndjson").write_text('{\n[]\n{"resourceType": "Claim"}\n', encoding="utf-8")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    of_the_record = "".join(path.read_text("utf-8") for path in tmp_path.glob("*"))
    status, output = in_french("coverage", str(tmp_path), "--top", top)
    assert status == 0
    assert "n’ont pas pu être lus" in output
    check(re.sub(r"→  [a-z0-9_, …]+$", "", output, flags=re.MULTILINE), of_the_record=of_the_record)
    status, output = in_french("coverage", str(HOOKS.parent / "support"))
    assert status == 1
    check(output)


def test_the_patients_of_the_demonstration() -> None:
    for patient in DEMO_PATIENTS:
        check(spoken(patient.who, Language.FRENCH))
        check(spoken(ordered(patient), Language.FRENCH))


def test_english_stays_english() -> None:
    for arguments in (["--help"], ["check"], ["coverage", "/none"]):
        _status, output = in_french(*arguments, env={"OSTEOCDS_LANGUAGE": "en"})
        assert output.startswith("Usage: ")
        assert not re.search(r"[àéêèçù\u202f]", output)


@pytest.mark.parametrize(
    ("arguments", "environ", "language"),
    [
        ([], {}, "en"),
        ([], {"OSTEOCDS_LANGUAGE": "fr"}, "fr"),
        ([], {"OSTEOCDS_LANGUAGE": "de"}, "en"),
        ([], {"LANG": "fr_FR.UTF-8"}, "en"),
        (["--language", "fr"], {}, "fr"),
        (["check", "x", "--language=fr"], {"OSTEOCDS_LANGUAGE": "en"}, "fr"),
        (["--language", "fr", "check", "--language", "en"], {}, "en"),
        (["--language", "de"], {"OSTEOCDS_LANGUAGE": "fr"}, "fr"),
        (["--language"], {}, "en"),
        (["check", "--", "--language", "fr"], {}, "en"),
    ],
)
def test_the_language_is_the_one_that_is_asked_for(arguments, environ, language) -> None:
    assert asked(arguments, environ) is Language(language)


def test_click_says_nothing_that_its_catalogue_lacks() -> None:
    [click] = [domain for domain in domains() if domain.folder == CLICK]
    assert len(list(click.said())) > 50
