"""An answer computed anew from its receipt is identical, or what differs is told."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import update
from support.ehr import authorization, denosumab, ehr, without
from support.fhir_site import BASE, site
from support.scenario import NOW, request_for

from service.certify.tokens import Tokens
from service.cli import main
from service.ledger.signing import Keys
from service.ledger.tables import ANSWERS, CARDS, OUTCOMES

ROOT = Path(__file__).parents[2]
INSTANCE = denosumab()["hookInstance"]
TWICE = "00000000-0000-4000-8000-000000000002"
TOKENS = Tokens(
    *("https://ward.example.org", "https://cds.example.org", "bone-metastases-order-sign", int(NOW.timestamp())),
    rsa=RSAKey.generate_key(2048, {"kid": "rsa"}),
    ec=ECKey.generate_key("P-384", {"kid": "ec"}),
)
ZONE = {"OSTEOCDS_TIMEZONE": "Pacific/Auckland"}


@pytest.fixture
def client(database_url):
    client = ehr(database_url=database_url, ledger_keeps=frozenset({"requests"}))
    yield client
    client.application.extensions["osteocds.ledger"].writer.close()


@pytest.fixture
def replay(client, database_url, tmp_path):
    """Replays an answer of the client with the command, of a request in a file or of the one that is kept."""

    def run(*arguments, request=None, **environment):
        ledger = client.application.extensions["osteocds.ledger"]
        assert ledger.writer.flush(30)
        named = []
        if request is not None:
            path = tmp_path / "request.json"
            path.write_bytes(orjson.dumps(request))
            named = [str(path)]
        told = {"OSTEOCDS_DATABASE_URL": database_url, **ZONE, **environment}
        done = CliRunner().invoke(main, ["replay", *named, "--receipt", INSTANCE, *arguments], env=told)
        assert "Traceback" not in done.output
        return done.exit_code, done.output

    return run


def fire(client, request, **headers):
    """Send it as it is written, members in their order."""
    url = f"/cds-services/bone-metastases-{request['hook']}"
    answer = client.post(url, data=orjson.dumps(request), content_type="application/json", headers=headers)
    assert answer.status_code == 200


# --- identical --------------------------------------------------------------------------------------------------------


def test_answers_to_the_scenarios_of_each_rule_are_identical_in_another_process():
    done = subprocess.run(
        [sys.executable, "-m", "tools.replays", "--number", "90"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("90 answers computed anew, each identical\n")


@pytest.mark.parametrize(("language", "word"), [("en", "identical"), ("fr", "identique")])
def test_the_same_request_is_identical_in_the_language_of_its_cards_whatever_that_of_the_command(
    client, replay, language, word
):
    request = denosumab({"calcium": "1.9 mmol/L 1 day ago"})
    fire(client, request, **{"Accept-Language": "fr"})
    code, output = replay("--language", language, request=request)
    assert (code, re.sub(r"\s", " ", output)) == (0, output.replace("\n", " ").replace("\u202f", " "))
    assert output.rstrip().endswith(word)


def test_the_request_that_the_ledger_keeps_is_taken_where_none_is_named(client, replay):
    fire(client, denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    fire(client, request_for({"record": {}}, "patient-view") | {"hookInstance": INSTANCE})
    code, output = replay()
    assert code == 0, output
    assert output.splitlines() == [
        "answer 1, bone-metastases-order-sign: identical",
        "answer 2, bone-metastases-patient-view: identical",
    ]
    assert replay("--answer", "2")[1].splitlines() == ["answer 2, bone-metastases-patient-view: identical"]


def test_of_several_answers_those_to_the_request_are_computed(client, replay):
    other = denosumab({"calcium": "1.9 mmol/L 1 day ago"})
    for request in (denosumab(), other, other):
        fire(client, request)
    assert [line.partition(",")[0] for line in replay(request=other)[1].splitlines()] == ["answer 2", "answer 3"]


def test_a_receipt_of_a_client_is_computed_by_its_choices(tmp_path, database_url):
    (tmp_path / "ward.json").write_bytes(orjson.dumps(TOKENS.key_set))
    registry = tmp_path / "clients.toml"
    registry.write_text(
        f'[ward]\nissuer = "{TOKENS.issuer}"\njwks = "ward.json"\nmax_cards = 1\ncard_audience = "clinicians"\n'
    )
    client = ehr(
        database_url=database_url,
        clients=registry,
        allow_unauthenticated=False,
        public_url=TOKENS.public_url,
        ledger_keeps=frozenset({"requests"}),
    )
    fire(client, without(denosumab(), "prefetch", "calcium"), Authorization=f"Bearer {TOKENS.token()}")
    client.application.extensions["osteocds.ledger"].writer.close(30)
    told = {"OSTEOCDS_DATABASE_URL": database_url, **ZONE}
    command = ["replay", "--receipt", INSTANCE]
    done = CliRunner().invoke(main, command, env={**told, "OSTEOCDS_CLIENTS": str(registry)})
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, command, env=told)
    assert done.exit_code == 1
    assert "the client ward is not in the registry" in done.output


# --- what differs -----------------------------------------------------------------------------------------------------


def test_another_request_is_told_first_then_the_rules_then_the_cards(client, replay):
    fire(client, denosumab())
    code, output = replay(request=denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    lines = output.splitlines()
    assert code == 1
    assert lines[0] == "answer 1, bone-metastases-order-sign: not identical"
    assert re.fullmatch(r"  fingerprint of the request: then [0-9a-f]{64}, now [0-9a-f]{64}", lines[1])
    rule = next(place for place, line in enumerate(lines) if line.startswith("  hypocalcaemia [1]: then "))
    card = next(place for place, line in enumerate(lines) if line.startswith("  card 1"))
    assert 1 < rule < card
    assert lines[rule].endswith("then silent — calcium is below its lower limit, now advises — warning")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        (
            {"OSTEOCDS_MAX_CARDS": "1"},
            ["fingerprint of the settings", "card 2: then supplementation-missing, now none"],
        ),
        ({"OSTEOCDS_TIMEZONE": "Europe/Paris"}, ["fingerprint of the settings"]),
        ({"OSTEOCDS_SPLIT_SERVICES": "1"}, ["no service bone-metastases-order-sign"]),
    ],
    ids=["cards", "zone", "services"],
)
def test_other_settings_are_told(client, replay, environment, told):
    fire(client, denosumab())
    code, output = replay(**environment)
    assert code == 1
    assert [one for one in told if one not in output] == []


@pytest.mark.parametrize(
    ("table", "values", "told"),
    [
        (ANSWERS, {"rules_fingerprint": "0" * 64}, "fingerprint of the rules: then 0000"),
        (ANSWERS, {"value_sets_fingerprint": "0" * 64}, "fingerprint of the value sets: then 0000"),
        (ANSWERS, {"service_version": "0.0.9"}, "version of OsteoCDS: then 0.0.9, now "),
        (ANSWERS, {"rules_version": "1.0.0"}, "version of the rules: then 1.0.0, now "),
        (ANSWERS, {"cards_fingerprint": "0" * 64}, "the cards differ"),
        (CARDS, {"fingerprint": "0" * 64}, "card 1 (checklist): it says something else"),
        (OUTCOMES, {"outcome": "failed", "error": "KeyError"}, "then failed — "),
    ],
    ids=["rules", "value sets", "version", "version of the rules", "all cards", "card", "outcome"],
)
def test_whatever_is_another_is_told_by_its_name(client, replay, table, values, told):
    fire(client, denosumab())
    ledger = client.application.extensions["osteocds.ledger"]
    assert ledger.writer.flush(30)
    with ledger.database.begin() as connection:
        connection.execute(update(table).values(**values))
    code, output = replay()
    assert code == 1
    assert told in output


def test_an_answer_that_rested_on_a_fhir_server_is_told_so_and_the_server_is_not_asked(database_url):
    request = denosumab()
    client = ehr(database_url=database_url, fhir_bases=(BASE,), ledger_keeps=frozenset({"requests"}))
    with site(request) as network:
        fire(client, request | {"prefetch": {}, "fhirServer": BASE, "fhirAuthorization": authorization()})
        ledger = client.application.extensions["osteocds.ledger"]
        assert ledger.writer.flush(30)
        asked = len(network.calls)
        told = {"OSTEOCDS_DATABASE_URL": database_url, "OSTEOCDS_FHIR_BASES": BASE, **ZONE}
        done = CliRunner().invoke(main, ["replay", "--receipt", INSTANCE], env=told)
        ledger.writer.close()
        assert len(network.calls) == asked > 0
    assert done.exit_code == 1
    assert re.search(r"it rested on \d+ calls of a FHIR server, which are not made again", done.output)
    assert "settings" not in done.output


# --- a receipt in a file ----------------------------------------------------------------------------------------------


def test_a_receipt_of_a_file_is_verified_before_it_is_computed(client, tmp_path):
    fire(client, denosumab())
    assert client.application.extensions["osteocds.ledger"].writer.flush(30)
    key, file, request = (tmp_path / name for name in ("receipt.pem", "receipt.json", "request.json"))
    signing = ECKey.generate_key("P-384")
    key.write_bytes(signing.as_pem(private=True))
    request.write_bytes(orjson.dumps(denosumab()))
    shown = client.get(f"/receipts/{INSTANCE}").get_json()["receipt"]
    command = ["replay", str(request), "--receipt", str(file)]

    def computed(held, **environment):
        file.write_bytes(held)
        done = CliRunner().invoke(main, command, env={**ZONE, "OSTEOCDS_PUBLIC_URL": "http://localhost", **environment})
        assert done.exception is None or isinstance(done.exception, SystemExit), held[:80]
        return done.exit_code, done.output

    sealed = Keys(signing).sealed(shown)
    with_key = {"OSTEOCDS_RECEIPT_KEY": str(key)}
    assert computed(sealed, **with_key) == (0, "answer 1, bone-metastases-order-sign: identical\n")
    assert computed(sealed.replace(b'"silent"', b'"failed"', 1), **with_key)[0] == 1
    code, output = computed(Keys().sealed(shown))
    assert code == 0
    assert "the receipt was not verified" in output
    code, output = computed(Keys().sealed(shown), **with_key)
    assert (code, "it is not signed" in output) == (1, True)
    assert "it is no receipt" in computed(b"[]")[1]
    for member in ("asOf", "language", "number", "service", "versions", "fingerprints", "cards", "rules"):
        for value in (None, "", -1, {}, ["x"]):
            (answer,) = shown["answers"]
            broken = shown | {"answers": [answer | {member: value}]}
            assert computed(orjson.dumps({"receipt": broken}))[0] == 1, (member, value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--receipt", "never-seen"], "the ledger has no answer of this hookInstance"),
        (["--receipt", "x" * 1000], "the ledger has no answer of this hookInstance"),
        (["--receipt", INSTANCE], "the ledger does not keep the request"),
        (["--receipt", INSTANCE, "--answer", "2"], "there is no such answer"),
        (["{broken}", "--receipt", INSTANCE], "the file is not JSON"),
        (["{refused}", "--receipt", INSTANCE], "HTTP 400"),
        (["{other}", "--receipt", TWICE], "name one with --answer"),
        ([], "--receipt"),
    ],
    ids=["unknown", "long", "not kept", "no such answer", "no JSON", "refused", "none of several", "no receipt"],
)
def test_what_cannot_be_computed_is_told(tmp_path, arguments, told):
    database_url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    client = ehr(database_url=database_url)
    for request in (denosumab(), *[denosumab() | {"hookInstance": TWICE}] * 2):
        fire(client, request)
    client.application.extensions["osteocds.ledger"].writer.close(30)
    files = {"broken": b"{", "refused": b"{}", "other": orjson.dumps(denosumab({"calcium": "1.9 mmol/L 1 day ago"}))}
    for name, held in files.items():
        (tmp_path / name).write_bytes(held)
    named = [one.format(**{name: tmp_path / name for name in files}) for one in arguments]
    done = CliRunner().invoke(main, ["replay", *named], env={"OSTEOCDS_DATABASE_URL": database_url, **ZONE})
    assert done.exit_code != 0
    assert told in done.output
    assert "Traceback" not in done.output


# --- the document -----------------------------------------------------------------------------------------------------

DOCUMENT = (ROOT / "docs/receipts.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL) for line in block.splitlines()]


def test_the_document_names_each_member_of_an_answer(client):
    fire(client, denosumab())
    properties = client.get("/openapi.json").get_json()["paths"]["/receipts/{hookInstance}"]["get"]["responses"]["200"]
    schema = properties["content"]["application/json"]["schema"]["properties"]["receipt"]
    members = schema["properties"]["answers"]["items"]["properties"]
    named = {
        name for line in re.findall(r"^\| (`.+?) \|", DOCUMENT, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    }
    assert named == members.keys() - {"leftOut"}
    assert "`leftOut`" in DOCUMENT


def test_the_commands_of_the_document_run_as_they_stand_there(database_url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    instance = COMMANDS[0].split()[2]
    (of_the_key,) = [one for one in COMMANDS if one.startswith("openssl ")]
    subprocess.run(shlex.split(of_the_key), check=True, capture_output=True)
    client = ehr(database_url=database_url, ledger_keeps=frozenset({"requests"}), receipt_key=Path("receipt.pem"))
    request = denosumab() | {"hookInstance": instance}
    Path("order.json").write_bytes(orjson.dumps(request))
    fire(client, request)
    assert client.application.extensions["osteocds.ledger"].writer.flush(30)
    Path("receipt.json").write_bytes(client.get(f"/receipts/{instance}").data)
    Path("jwks.json").write_bytes(client.get("/jwks.json").data)
    told = {"OSTEOCDS_DATABASE_URL": database_url, "OSTEOCDS_RECEIPT_KEY": "receipt.pem", **ZONE}
    for command in COMMANDS:
        if command != of_the_key:
            done = CliRunner().invoke(main, shlex.split(command)[1:], env=told)
            assert done.exit_code == 0, f"{command}: {done.output}"
    client.application.extensions["osteocds.ledger"].writer.close()
    assert len(COMMANDS) == 9
