"""The receipt of an answer: what it shows, to whom, that a changed byte is found, and that it is bounded."""

from __future__ import annotations

import base64
import json

import orjson
import pytest
from click.testing import CliRunner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from support.ehr import BEARER, authorization, denosumab, ehr, without
from support.scenario import NOW, request_for

from service.certify.tokens import Tokens
from service.cli import main
from service.ledger import receipts
from service.ledger.database import Database
from service.ledger.signing import MOST_RECEIPT_BYTES, Keys, NoReceipt, Seal, public_keys, read_keys
from service.ledger.tables import OUTCOMES
from service.settings import InvalidSetting

INSTANCE = denosumab()["hookInstance"]
EVERYTHING = frozenset({"facts", "requests"})
SIGNING = ECKey.generate_key("P-384")


def pem(*keys, private=True):
    return b"".join(key.as_pem(private=private) for key in keys)


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "receipt.pem"
    path.write_bytes(pem(SIGNING))
    return path


@pytest.fixture
def client(database_url, key):
    client = ehr(database_url=database_url, ledger_keeps=EVERYTHING, receipt_key=key)
    yield client
    ledger_of(client).writer.close()


def ledger_of(client):
    return client.application.extensions["osteocds.ledger"]


def receipt(client, instance=INSTANCE, **asked):
    assert ledger_of(client).writer.flush(30)
    return client.get(f"/receipts/{instance}", **asked)


def told(client, instance=INSTANCE, **asked):
    answer = receipt(client, instance, **asked)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["receipt"]


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_it_shows_what_was_asked_what_each_rule_made_of_it_and_by_which_versions(client):
    cards = client.cards(without(denosumab({"calcium": "1.9 mmol/L 1 day ago"}), "prefetch", "albumin"))
    shown = told(client)
    (answer,) = shown["answers"]
    assert (shown["hookInstance"], shown["page"], "next" in shown) == (INSTANCE, 1, False)
    assert (answer["service"], answer["hook"], answer["language"]) == ("bone-metastases-order-sign", "order-sign", "en")
    assert [card["uuid"] for card in answer["cards"]] == [card["uuid"] for card in cards]
    assert answer["cards"][0]["advises"] == sorted(cards[0]["extension"]["org.osteocds"]["rules"])
    by_outcome = {one["outcome"]: one for one in answer["rules"]}
    assert by_outcome["silent"]["condition"]
    assert by_outcome["advises"]["indicator"] in ("info", "warning", "critical")
    assert by_outcome["cannot tell"]["missing"][0]["why"]
    assert {"osteocds", "rules"} == answer["versions"].keys()
    assert all(len(one) == 64 for one in answer["fingerprints"].values())
    assert (answer["requestKept"], answer["factsKept"], answer["fhirCalls"]) == (True, True, 0)
    (calcium,) = [fact for fact in answer["facts"] if (fact["rule"], fact["fact"]) == ("hypocalcaemia", "calcium")]
    assert (calcium["value"], calcium["unit"], calcium["date"]) == ("1.9", "mmol/L", "2026-03-30")
    assert calcium["resource"].startswith("Observation/")


def test_a_rule_that_failed_is_told_by_the_type_of_its_error_alone(client):
    client.cards(denosumab())
    assert ledger_of(client).writer.flush(30)
    failed = {"outcome": "failed", "condition": None, "indicator": None, "error": "KeyError"}
    with ledger_of(client).database.begin() as connection:
        connection.execute(update(OUTCOMES).where(OUTCOMES.c.rule == "denosumab-dose").values(failed))
    (one,) = [one for one in told(client)["answers"][0]["rules"] if one["outcome"] == "failed"]
    assert (one["rule"], one["error"], "condition" in one) == ("denosumab-dose", "KeyError", False)


def test_where_the_site_does_not_keep_facts_it_says_so_and_holds_none(database_url):
    client = ehr(database_url=database_url)
    client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    (answer,) = told(client)["answers"]
    ledger_of(client).writer.close()
    assert (answer["facts"], answer["factsKept"], answer["requestKept"]) == ([], False, False)


def test_several_answers_of_one_hook_instance_are_each_shown_in_their_order(client):
    client.cards(denosumab())
    client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago"}), headers={"Accept-Language": "fr"})
    client.cards(request_for({"record": {}}, "patient-view") | {"hookInstance": INSTANCE})
    found = told(client)["answers"]
    assert [(one["number"], one["hook"], one["language"]) for one in found] == [
        (1, "order-sign", "en"),
        (2, "order-sign", "fr"),
        (3, "patient-view", "en"),
    ]
    assert found[0]["fingerprints"]["request"] != found[1]["fingerprints"]["request"]


def test_it_is_as_openapi_describes_it(client):
    from test_openapi import conform as as_described  # noqa: PLC0415 - the one test that needs it

    client.cards(without(denosumab(), "prefetch", "calcium"))
    description = client.get("/openapi.json").get_json()
    response = description["paths"]["/receipts/{hookInstance}"]["get"]["responses"]["200"]
    as_described(description, response["content"], receipt(client).get_json())


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_so_many_answers_are_on_a_page_and_the_next_one_is_named(client, monkeypatch):
    monkeypatch.setattr(receipts, "ANSWERS_A_PAGE", 2)
    for _time in range(5):
        client.cards(denosumab())
    pages = [told(client, query_string={"page": page}) for page in (1, 2, 3)]
    assert [[one["number"] for one in page["answers"]] for page in pages] == [[1, 2], [3, 4], [5]]
    assert [page.get("next") for page in pages] == [2, 3, None]
    assert receipt(client, query_string={"page": 4}).status_code == 404


def test_lines_beyond_their_room_are_left_out_and_counted(client, monkeypatch):
    client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    (whole,) = told(client)["answers"]
    monkeypatch.setattr(receipts, "MOST_BYTES", 1500)
    (cut,) = told(client)["answers"]
    assert 0 < len(cut["rules"]) < len(whole["rules"])
    for lines in ("cards", "rules", "facts"):
        assert cut[lines] == whole[lines][: len(cut[lines])]
        assert len(cut[lines]) + cut["leftOut"].get(lines, 0) == len(whole[lines])
    assert "leftOut" not in whole


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.0", "", "10001", "1" * 5000, "\u0661"])
def test_a_page_that_is_none_is_refused(client, page):
    assert client.get(f"/receipts/{INSTANCE}", query_string={"page": page}).status_code == 400


# --- to whom ----------------------------------------------------------------------------------------------------------

PUBLIC_URL = "https://cds.example.org"
EHRS = {
    name: Tokens(
        f"https://{name}.example.org", PUBLIC_URL, "bone-metastases-order-sign", int(NOW.timestamp()), rsa, key
    )
    for name in ("north", "south")
    for rsa, key in [(RSAKey.generate_key(2048, {"kid": "rsa"}), ECKey.generate_key("P-384", {"kid": "ec"}))]
}


@pytest.fixture
def registry(tmp_path):
    tables = []
    for name, tokens in EHRS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(tokens.key_set))
        tables.append(f'[{name}]\nissuer = "{tokens.issuer}"\njwks = "{name}.json"\n')
    path = tmp_path / "clients.toml"
    path.write_text("\n".join(tables))
    return path


def bearer(name, number):
    return {"Authorization": f"Bearer {EHRS[name].token(number=number, aud=PUBLIC_URL)}"}


@pytest.mark.parametrize("open_pages", [True, False])
def test_a_client_sees_its_own_receipts_and_of_others_not_even_that_they_are(database_url, registry, open_pages):
    client = ehr(
        database_url=database_url,
        clients=registry,
        allow_unauthenticated=False,
        public_url=PUBLIC_URL,
        open_pages=open_pages,
    )
    client.cards(denosumab(), headers=bearer("north", 1))
    other = denosumab({"calcium": "1.9 mmol/L 1 day ago"})
    client.cards(other, headers=bearer("south", 1))
    (own,) = told(client, headers=bearer("north", 2))["answers"]
    assert own["client"] == "north"
    (theirs,) = told(client, headers=bearer("south", 2))["answers"]
    assert theirs["fingerprints"]["request"] != own["fingerprints"]["request"]
    of_north = without(denosumab(), "hookInstance") | {"hookInstance": "00000000-0000-4000-8000-000000000001"}
    client.cards(of_north, headers=bearer("north", 3))
    of_another = receipt(client, of_north["hookInstance"], headers=bearer("south", 3))
    of_nobody = receipt(client, "00000000-0000-4000-8000-000000000002", headers=bearer("south", 4))
    ledger_of(client).writer.close()
    assert of_another.status_code == of_nobody.status_code == 404
    assert of_another.data == of_nobody.data
    assert receipt(client).status_code == 401


def test_a_token_is_taken_once_for_a_receipt_too(database_url, registry):
    client = ehr(database_url=database_url, clients=registry, allow_unauthenticated=False, public_url=PUBLIC_URL)
    client.cards(denosumab(), headers=bearer("north", 1))
    once = bearer("north", 2)
    assert [receipt(client, headers=once).status_code for _time in range(2)] == [200, 401]
    ledger_of(client).writer.close()


def test_who_may_call_without_a_token_sees_what_was_answered_without_one(tmp_path, registry):
    client = ehr(database_url=f"sqlite:///{tmp_path}/l.sqlite3", clients=registry, public_url=PUBLIC_URL)
    client.cards(denosumab(), headers=bearer("north", 1))
    assert receipt(client).status_code == 404
    client.cards(denosumab())
    (answer,) = told(client)["answers"]
    ledger_of(client).writer.close()
    assert "client" not in answer


def test_one_that_is_not_known_is_a_404_that_says_so_and_repeats_nothing(client):
    answer = receipt(client, "Zq7marker")
    assert answer.status_code == 404
    assert "Zq7marker" not in answer.text
    assert "hookInstance" in answer.get_json()["issue"][0]["diagnostics"]


def test_a_ledger_that_cannot_be_read_is_a_503_that_says_so():
    client = ehr(database_url="postgresql://osteocds@127.0.0.1:1/x")
    answer = client.get(f"/receipts/{INSTANCE}")
    ledger_of(client).writer.close()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "the ledger cannot be read" in answer.get_json()["issue"][0]["diagnostics"]


def test_no_proxy_keeps_it(client):
    client.cards(denosumab())
    assert receipt(client).headers["Cache-Control"] == "no-store"


def test_a_receipt_holds_no_token_and_no_text_of_the_record(client):
    request = denosumab() | {"fhirAuthorization": authorization()}
    request["context"]["draftOrders"]["entry"][0]["resource"]["note"] = [{"text": "Zq7marker"}]
    client.cards(request)
    shown = receipt(client).text
    assert BEARER not in shown
    assert "Zq7marker" not in shown
    assert request["context"]["patientId"] not in shown


# --- the signature ----------------------------------------------------------------------------------------------------


def verified_by_hand(document, key_set):
    """As somebody verifies it who has neither our code nor a JOSE library: RFC 7515, appendix F, and RFC 8785."""
    protected, nothing, signature = document["signature"].split(".")
    assert nothing == ""
    header, raw = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (protected, signature))
    (jwk,) = [one for one in key_set["keys"] if one["kid"] == json.loads(header)["kid"]]
    x, y = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=="), "big") for name in "xy")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP384R1()).public_key()
    payload = json.dumps(document["receipt"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    signed = f"{protected}.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}".encode()
    numbers = (int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big"))
    public.verify(encode_dss_signature(*numbers), signed, ec.ECDSA(hashes.SHA384()))


def test_whoever_has_the_published_keys_can_verify_it(client):
    client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    answer, key_set = receipt(client), client.get("/jwks.json").get_json()
    verified_by_hand(answer.get_json(), key_set)
    assert public_keys(orjson.dumps(key_set)).seal(answer.data) is Seal.HOLDS
    changed = answer.get_json()
    changed["receipt"]["answers"][0]["rules"][0]["outcome"] = "advises"
    with pytest.raises(InvalidSignature):
        verified_by_hand(changed, key_set)


def test_what_is_published_holds_no_private_part(client):
    (published,) = client.get("/jwks.json").get_json()["keys"]
    assert published.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert published["kid"] == SIGNING.thumbprint()


def test_without_a_key_no_key_is_published_and_receipts_are_not_signed():
    client = ehr()
    client.cards(denosumab())
    answer = receipt(client)
    ledger_of(client).writer.close()
    assert client.get("/jwks.json").get_json() == {"keys": []}
    assert "signature" not in answer.get_json()
    assert Keys(SIGNING).seal(answer.data) is Seal.UNSIGNED


SMALL = {"hookInstance": "é\u2028\x01", "page": 1, "answers": [{"number": 1, "factsKept": False, "rules": []}]}


def sealed_or_none(keys, document):
    try:
        return keys.seal(document)
    except NoReceipt:
        return None


def test_each_changed_byte_is_found():
    keys = Keys(SIGNING)
    document = keys.sealed(SMALL)
    assert keys.seal(document) is Seal.HOLDS
    for place in range(len(document)):
        for other in {document[place] ^ 1, 0x20, 0x0A} - {document[place]}:
            changed = document[:place] + bytes([other]) + document[place + 1 :]
            assert sealed_or_none(keys, changed) is not Seal.HOLDS, (place, other)


@pytest.mark.parametrize("added", [b" ", b"\n", b"!", b"=", b"A"])
def test_each_added_or_lost_byte_is_found(added):
    keys = Keys(SIGNING)
    document = keys.sealed(SMALL)
    for place in range(len(document) + 1):
        assert sealed_or_none(keys, document[:place] + added + document[place:]) is not Seal.HOLDS, place
        assert sealed_or_none(keys, document[: max(0, place - 1)] + document[place:]) is not Seal.HOLDS or not place


def test_what_was_signed_in_other_bytes_is_told_apart_from_what_was_changed():
    keys = Keys(SIGNING)
    document = orjson.loads(keys.sealed(SMALL))
    assert keys.seal(orjson.dumps(document)) is Seal.REWRITTEN
    assert keys.seal(orjson.dumps(document | {"beside": 1}, option=orjson.OPT_INDENT_2)) is Seal.REWRITTEN
    document["receipt"]["page"] = 2
    assert keys.seal(orjson.dumps(document)) is Seal.CHANGED


def test_the_signature_of_another_receipt_or_of_something_else_is_none_of_this_one():
    keys = Keys(SIGNING)
    document = orjson.loads(keys.sealed(SMALL | {"page": 2}))
    forged = {"receipt": SMALL, "signature": document["signature"]}
    assert keys.seal(orjson.dumps(forged)) is Seal.CHANGED
    payload = orjson.dumps(document["receipt"], option=orjson.OPT_SORT_KEYS)
    within = document["signature"].replace("..", f".{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.")
    assert jws.deserialize_compact(within, SIGNING, algorithms=["ES384"]).payload == payload
    assert keys.seal(orjson.dumps(forged | {"signature": within})) is Seal.CHANGED
    signed = orjson.dumps(SMALL, option=orjson.OPT_SORT_KEYS)
    for header in ({"typ": "JWT"}, {}, {"typ": "osteocds-receipt", "cty": "x"}):
        token = jws.serialize_compact(
            {"alg": "ES384", "kid": SIGNING.thumbprint(), **header}, signed, SIGNING, ["ES384"]
        )
        assert keys.seal(orjson.dumps(forged | {"signature": jws.detach_content(token)})) is Seal.CHANGED


@pytest.mark.parametrize("signature", ["", "x", "..", "e30..", 7, {}, "é..é", "A" * 2_000_000])
def test_a_signature_that_is_none_is_told(signature):
    assert Keys(SIGNING).seal(orjson.dumps({"receipt": SMALL, "signature": signature})) is Seal.CHANGED


@pytest.mark.parametrize(
    "told",
    [b"", b"x", b"[]", b"{}", b'{"receipt": 1}', b"\xff", b"[" * 10_000, b" " * (MOST_RECEIPT_BYTES + 1)],
    ids=["nothing", "a word", "an array", "empty", "a number", "no UTF-8", "deep", "too long"],
)
def test_what_is_no_receipt_is_told(told):
    with pytest.raises(NoReceipt):
        Keys(SIGNING).seal(told)


def test_a_receipt_of_an_earlier_key_is_verified_as_long_as_the_file_holds_it(tmp_path):
    newer = ECKey.generate_key("P-384")
    document = Keys(SIGNING).sealed(SMALL)
    path = tmp_path / "keys.pem"
    path.write_bytes(pem(newer) + pem(SIGNING, private=False))
    keys = read_keys(path)
    assert keys.seal(document) is Seal.HOLDS
    assert keys.seal(keys.sealed(SMALL)) is Seal.HOLDS
    assert [one["kid"] for one in keys.public["keys"]] == [newer.thumbprint(), SIGNING.thumbprint()]
    assert Keys(newer).seal(document) is Seal.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("held", "wrong"),
    [
        (b"", "holds no key"),
        (b"x" * 1000, "holds no key"),
        (pem(ECKey.generate_key("P-256")), "another curve"),
        (pem(SIGNING, private=False), "cannot sign"),
        (pem(RSAKey.generate_key(2048)), "cannot be used"),
        (pem(OKPKey.generate_key("Ed25519")), "cannot be used"),
        (pem(*[SIGNING] * 21), "holds no key"),
        (SIGNING.as_pem(private=True, password="of a test"), "cannot be used"),  # noqa: S106
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "cannot be used"),
    ],
    ids=["empty", "no PEM", "P-256", "public", "RSA", "Ed25519", "too many", "encrypted", "broken"],
)
def test_a_key_that_cannot_sign_stops_the_start(tmp_path, held, wrong):
    path = tmp_path / "receipt.pem"
    path.write_bytes(held)
    with pytest.raises(InvalidSetting, match=f"OSTEOCDS_RECEIPT_KEY .*{wrong}"):
        ehr(receipt_key=path)


# --- the command ------------------------------------------------------------------------------------------------------


def osteocds(*arguments, database_url="sqlite://", **environment):
    return CliRunner().invoke(main, arguments, env={"OSTEOCDS_DATABASE_URL": database_url, **environment})


@pytest.fixture
def signed(client, tmp_path):
    """A receipt of a client, in a file."""
    client.cards(denosumab({"calcium": "1.9 mmol/L 1 day ago"}))
    path = tmp_path / "receipt.json"
    path.write_bytes(receipt(client).data)
    return path


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["silent — does not hold: calcium is above 3.5 mmol/L", "calcium, 1.9 mmol/L, 30 Mar 2026, Observation/"],
        ),
        (
            "fr",
            ["se tait — condition non remplie", "la calcémie dépasse 3,5", "calcium, 1,9 mmol/L, 30 mars 2026, Obs"],
        ),
    ],
)
def test_the_command_prints_it_in_each_language(signed, database_url, language, words):
    done = osteocds("receipt", INSTANCE, "--language", language, database_url=database_url)
    assert done.exit_code == 0, done.output
    said = done.output.replace("\u00a0", " ").replace("\u202f", " ")
    assert [one for one in words if one not in said] == []
    (answer,) = orjson.loads(signed.read_bytes())["receipt"]["answers"]
    assert all(one["rule"] in said for one in answer["rules"])
    assert all(one in said for one in (*answer["notTriggered"], *answer["fingerprints"].values()))
    assert len(done.output.splitlines()) > len(answer["rules"]) + len(answer["facts"])


def test_what_it_prints_as_json_is_verified(signed, database_url, key, tmp_path):
    printed = tmp_path / "printed.json"
    done = osteocds("receipt", INSTANCE, "--json", database_url=database_url, OSTEOCDS_RECEIPT_KEY=str(key))
    printed.write_bytes(done.stdout_bytes)
    for path in (printed, signed):
        done = osteocds("receipt", "--verify", str(path), OSTEOCDS_RECEIPT_KEY=str(key))
        assert (done.exit_code, done.output) == (0, "as it was signed: not a byte is another\n")


def test_who_has_the_public_keys_alone_verifies_with_the_command_too(client, signed, tmp_path):
    keys = tmp_path / "jwks.json"
    keys.write_bytes(client.get("/jwks.json").data)
    assert osteocds("receipt", "--verify", str(signed), "--keys", str(keys)).exit_code == 0
    signed.write_bytes(signed.read_bytes().replace(b'"silent"', b'"failed"', 1))
    done = osteocds("receipt", "--verify", str(signed), "--keys", str(keys))
    assert done.exit_code == 1
    assert "it was changed since it was signed" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "name a hookInstance, or a file"),
        (("x", "--verify", "{file}"), "name a hookInstance, or a file"),
        (("--verify", "{file}"), "there is no key to verify by"),
        (("--verify", "{file}", "--keys", "{file}"), "no keys of receipts can be read"),
        (("--verify", "/nowhere/receipt.json"), "cannot be read"),
        (("never-seen",), "the ledger has no answer of this hookInstance"),
        (("x", "--page", "99999999999999999999"), "none on this page"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path, arguments, told):
    file = tmp_path / "file.json"
    file.write_bytes(b"{}")
    done = osteocds("receipt", *(one.format(file=file) for one in arguments))
    assert done.exit_code != 0
    assert told in done.output
    assert "Traceback" not in done.output


def test_a_receipt_key_is_kept_out_of_what_is_said(tmp_path):
    path = tmp_path / "receipt.pem"
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    done = osteocds("receipt", "x", OSTEOCDS_RECEIPT_KEY=str(path))
    assert done.exit_code == 1
    assert "c2VjcmV0" not in done.output


def test_an_error_of_the_database_holds_nothing_that_a_statement_was_given(database_url):
    database = Database(database_url)
    database.prepare()
    with pytest.raises(IntegrityError) as error, database.begin() as connection:
        connection.execute(OUTCOMES.insert(), {"answer": 7, "position": 0, "rule": "Zq7marker"})
    assert "hide_parameters" in str(error.value)
    assert "Zq7marker" not in f"{error.value} {error.value.args} {error.value.orig}"
    database.dispose()
