"""Who may call: the client registry, and every attack on its tokens (CDS Hooks 2.0.1, "Trusting CDS Clients")."""

from __future__ import annotations

import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from redis import Redis
from support.ehr import denosumab, ehr
from support.ehr import without as leaving_out
from support.scenario import NOW, SETTINGS, request_for
from urllib3 import HTTPResponse

from service.certify.tokens import STRANGER, Tokens
from service.edge import keys as key_sets
from service.edge import shared_memory
from service.edge.app import create_app
from service.edge.authentication import LEEWAY_SECONDS, LONGEST_LIFE_SECONDS, REQUEST_ID
from service.edge.callers import at_start
from service.edge.clients import KEYS
from service.edge.keys import ASKED_AGAIN_SECONDS, FETCH_SECONDS, MOST_KEY_SET_BYTES, PublishedKeys
from service.settings import InvalidSetting, read_settings

ISSUER = "https://ehr.example.org"
PUBLIC_URL = "https://cds.example.org"
SERVICE = "bone-metastases-order-sign"
MOMENT = int(NOW.timestamp())
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-384", {"kid": "ec", "use": "sig"})
TOKENS = Tokens(ISSUER, PUBLIC_URL, SERVICE, MOMENT, RSA, EC)
KEY_SET = TOKENS.key_set
ATTACKS = TOKENS.attacks()
token = TOKENS.token
ENDPOINT = TOKENS.endpoint


def registry_of(folder, text=f'[hospital]\nissuer = "{ISSUER}"\njwks = "keys.json"\n', keys=KEY_SET):
    (folder / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    path = folder / "clients.toml"
    path.write_text(text, encoding="utf-8")
    return path


def service(folder, text=None, **settings):
    path = registry_of(folder) if text is None else registry_of(folder, text)
    return ehr(clients=path, allow_unauthenticated=False, public_url=PUBLIC_URL, **settings)


def status(client, bearer, name=SERVICE, **request):
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return client.fire({**denosumab(), **request}, name, headers=headers).status_code


@pytest.mark.parametrize(
    ("key", "algorithm", "changed"),
    [
        (EC, "ES384", {}),
        (RSA, "RS384", {}),
        (EC, "ES384", {"aud": [ENDPOINT, "https://elsewhere.example.org"]}),
        (EC, "ES384", {"aud": PUBLIC_URL}),
        (EC, "ES384", {"aud": f"{PUBLIC_URL}/cds-services"}),
        (EC, "ES384", {"nbf": MOMENT - 300, "sub": "anybody", "tenant": "north"}),
        (EC, "ES384", {"exp": MOMENT - LEEWAY_SECONDS + 1, "iat": MOMENT - 300}),
        (EC, "ES384", {"iat": MOMENT + LEEWAY_SECONDS}),
        (EC, "ES384", {"exp": MOMENT + LONGEST_LIFE_SECONDS}),
    ],
)
def test_a_token_of_a_client_is_taken(tmp_path, key, algorithm, changed):
    assert status(service(tmp_path), token(key, algorithm, **changed)) == 200


@pytest.mark.parametrize(
    "header",
    [{"x5t": "wTDuPZGq1hbbbyIg7IgkrgVQ6Lo"}, {"x5t#S256": "x"}, {"cty": "json"}, {"com.example": [1]}, {"typ": "jwt"}],
    ids=str,
)
def test_members_of_a_header_that_bring_no_key_are_passed_over(tmp_path, header):
    assert status(service(tmp_path), token(header=header)) == 200


@pytest.mark.parametrize("name", ["jwk", "x5c", "x5u", "crit", "b64", "zip", "enc"])
def test_members_of_a_header_that_would_change_what_a_token_says_are_refused(tmp_path, name):
    bearer = TOKENS.forged({"alg": "ES384", "kid": "ec", name: []}, TOKENS.by_the_key)
    assert status(service(tmp_path), bearer) == 401


@pytest.mark.parametrize("path", [SERVICE, f"{SERVICE}/", f"{SERVICE}/feedback", f"{SERVICE}/feedback/"])
@pytest.mark.parametrize("named", ["{path}", "{path}/", ENDPOINT])
def test_the_audience_of_a_token_may_end_with_a_slash_and_so_may_the_address(tmp_path, path, named):
    bearer = token(aud=named.format(path=f"{PUBLIC_URL}/cds-services/{path.rstrip('/')}"))
    body = {"feedback": []} if "feedback" in path else denosumab()
    headers = {"Authorization": f"Bearer {bearer}"}
    assert service(tmp_path).post(f"/cds-services/{path}", json=body, headers=headers).status_code == 200


@pytest.mark.parametrize(("hook", "expected"), [("order-sign", 200), ("patient-view", 403)])
def test_a_calendar_is_that_of_a_service_that_is_listed_for_the_client(tmp_path, hook, expected):
    client = service(tmp_path, f'[hospital]\nissuer = "{ISSUER}"\njwks = "keys.json"\nservices = ["{SERVICE}"]\n')
    headers = {"Authorization": f"Bearer {token(aud=PUBLIC_URL)}"}
    assert client.post("/calendar", json=denosumab() | {"hook": hook}, headers=headers).status_code == expected


def test_requests_are_counted_by_their_client_and_refused_ones_by_none(tmp_path):
    client = service(tmp_path, open_pages=True)
    assert [status(client, token()), status(client, "")] == [200, 401]
    told = client.get("/metrics").text
    assert f'osteocds_requests_total{{client="hospital",service="{SERVICE}",status="200"}} 1.0' in told
    assert f'osteocds_requests_total{{client="",service="{SERVICE}",status="401"}} 1.0' in told


def test_a_forger_could_sign():
    forged = TOKENS.forged({"alg": "ES384", "kid": "ec"}, TOKENS.by_the_key)
    assert jwt.decode(forged, EC, algorithms=["ES384"]).claims == TOKENS.claims()


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_answered_with_401_without_detail(tmp_path, caplog, attack):
    client = service(tmp_path)
    bearer = ATTACKS[attack]()
    answer = client.fire(denosumab(), headers={"Authorization": f"Bearer {bearer}"} if bearer else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert [issue["diagnostics"] for issue in answer.get_json()["issue"]] == [
        "a valid token of a registered client is needed"
    ]
    assert "refused: " in caplog.text
    assert not bearer or bearer not in caplog.text


def test_a_token_is_taken_once_by_all_processes(tmp_path):
    database = f"sqlite:///{tmp_path}/shared.sqlite3"
    one, other = (service(tmp_path, database_url=database) for _process in range(2))
    bearer = token()
    assert status(one, bearer) == 200
    assert status(one, bearer) == 401
    assert status(other, bearer) == 401
    assert status(other, token(number=2)) == 200


A_REQUEST, ANOTHER = "0f" * 16, "1f" * 16


def named(client, bearer, request_id):
    headers = {"Authorization": f"Bearer {bearer}", REQUEST_ID: request_id}
    return client.fire(denosumab(), SERVICE, headers=headers).status_code


@pytest.mark.parametrize("kind", ["database", "redis"])
def test_what_a_balancer_asks_again_of_another_replica_is_one_request(tmp_path, redis, kind):
    shared = (
        {"database_url": f"sqlite:///{tmp_path}/shared.sqlite3"} if kind == "database" else {"redis_url": redis.url}
    )
    one, other = (service(tmp_path, **shared) for _process in range(2))
    assert named(one, token(), A_REQUEST) == 200
    assert named(other, token(), A_REQUEST) == 200
    assert [named(other, token(), told) for told in (ANOTHER, ANOTHER, "", A_REQUEST.upper())] == [401] * 4
    assert status(one, token()) == 401
    assert named(one, token(number=2), ANOTHER) == 200


@pytest.mark.parametrize("told", ["", "1", "x" * 32, A_REQUEST + "0", f"{A_REQUEST}, {A_REQUEST}"])
def test_an_id_that_could_be_guessed_names_no_request(tmp_path, told):
    client = service(tmp_path, database_url=f"sqlite:///{tmp_path}/shared.sqlite3")
    assert named(client, token(), told) == 200
    assert named(client, token(), told) == 401
    assert named(client, token(), A_REQUEST) == 401


def test_feedback_needs_a_token_too(tmp_path):
    client = service(tmp_path)
    url, body = f"/cds-services/{SERVICE}/feedback", {"feedback": []}
    assert client.post(url, json=body).status_code == 401
    bearer = token(aud=f"{ENDPOINT}/feedback")
    assert client.post(url, json=body, headers={"Authorization": f"Bearer {bearer}"}).status_code == 200


def test_where_the_store_cannot_be_used_a_token_is_refused(tmp_path):
    client = service(tmp_path, database_url=f"sqlite:///{tmp_path}/no/such/folder.sqlite3")
    answer = client.fire(denosumab(), headers={"Authorization": f"Bearer {token()}"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert 'osteocds_unchecked_tokens_total{outcome="refused"} 1.0' in client.get("/metrics").text
    assert status(client, ATTACKS["expired"]()) == 401


def test_by_a_setting_it_is_allowed_and_counted(tmp_path):
    database = f"sqlite:///{tmp_path}/no/such/folder.sqlite3"
    client = service(tmp_path, database_url=database, unchecked_tokens="allow")
    assert [status(client, token()) for _again in range(2)] == [200, 200]
    assert 'osteocds_unchecked_tokens_total{outcome="allowed"} 2.0' in client.get("/metrics").text
    assert status(client, ATTACKS["expired"]()) == 401


# --- how often --------------------------------------------------------------------------------------------------------

LIMITED = f'[hospital]\nissuer = "{ISSUER}"\njwks = "keys.json"\nrequests_per_minute = 3\n'
TWO_LIMITED = f"""[north]
issuer = "{ISSUER}"
jwks = "keys.json"
tenants = ["north"]
requests_per_minute = 1
[south]
issuer = "{ISSUER}"
jwks = "keys.json"
tenants = ["south"]
"""


def fired(client, *numbers, **claims):
    return [status(client, token(number=number, **claims)) for number in numbers]


def test_a_client_may_send_so_many_requests_a_minute(tmp_path):
    client = service(tmp_path, LIMITED)
    assert fired(client, 1, 2, 3) == [200, 200, 200]
    answer = client.fire(denosumab(), headers={"Authorization": f"Bearer {token(number=4)}"})
    assert answer.status_code == 429
    assert answer.get_json()["issue"][0]["code"] == "throttled"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert int(answer.headers["Retry-After"]) == 60 - MOMENT % 60
    assert 'osteocds_rate_limited_total{client="hospital"} 1.0' in client.get("/metrics").text


def test_in_the_next_minute_it_may_again(tmp_path):
    moments = iter([NOW] * 5 + [NOW + timedelta(seconds=60 - MOMENT % 60)] * 5)
    app = create_app(
        replace(
            SETTINGS,
            clients=registry_of(tmp_path, LIMITED),
            allow_unauthenticated=False,
            public_url=PUBLIC_URL,
            database_url="sqlite://",
        ),
        now=lambda: next(moments),
    )
    client = app.test_client()
    given = []
    for number in range(8):
        headers = {"Authorization": f"Bearer {token(number=number)}"}
        given.append(client.post(f"/cds-services/{SERVICE}", json=denosumab(), headers=headers).status_code)
    assert given == [200, 200, 200, 429, 429, 200, 200, 200]


def test_a_token_that_is_repeated_or_forged_uses_up_nothing_of_a_client(tmp_path):
    client = service(tmp_path, LIMITED)
    assert fired(client, 1, 1, 1, 1, 1) == [200, 401, 401, 401, 401]
    assert [status(client, token(STRANGER, number=9)) for _again in range(5)] == [401] * 5
    assert fired(client, 2, 3) == [200, 200]


def test_each_client_has_a_count_of_its_own_and_one_without_a_limit_has_none(tmp_path):
    client = service(tmp_path, TWO_LIMITED)
    assert fired(client, 1, 2, tenant="north") == [200, 429]
    assert fired(client, 3, 4, 5, tenant="south") == [200, 200, 200]


# --- Redis ------------------------------------------------------------------------------------------------------------


def test_a_token_is_taken_once_by_all_machines_that_share_a_redis(tmp_path, redis):
    one, other = (
        service(tmp_path, redis_url=redis.url, database_url=f"sqlite:///{tmp_path}/{name}.sqlite3") for name in "ab"
    )
    assert fired(one, 1, 1) == [200, 401]
    assert fired(other, 1, 2) == [401, 200]
    with closing(Redis.from_url(redis.url)) as asked:
        (first, *_others) = sorted(asked.keys("osteocds:token:*"))
        assert token() not in str(asked.keys())
        assert 300 <= asked.ttl(first) <= 300 + LEEWAY_SECONDS


def test_of_many_that_come_at_once_one_is_taken(tmp_path, redis):
    machines = [
        service(tmp_path, redis_url=redis.url, database_url=f"sqlite:///{tmp_path}/{name}.sqlite3") for name in "ab"
    ]
    with ThreadPoolExecutor(8) as ehrs:
        given = list(ehrs.map(lambda number: status(machines[number % 2], token()), range(16)))
    assert sorted(given) == [200] + [401] * 15


def test_requests_a_minute_are_counted_for_all_machines_that_share_a_redis(tmp_path, redis):
    one, other = (service(tmp_path, LIMITED, redis_url=redis.url) for _machine in range(2))
    assert fired(one, 1, 2) + fired(other, 3, 4) + fired(one, 5) == [200, 200, 200, 429, 429]


@pytest.mark.parametrize("lost", ["gone", "silent", "full"])
def test_without_its_redis_tokens_are_refused_told_and_counted_until_it_is_back(tmp_path, redis, monkeypatch, lost):
    monkeypatch.setattr(shared_memory, "PAUSE_SECONDS", 0.1)
    client = service(tmp_path, redis_url=redis.url)
    assert fired(client, 1) == [200]
    assert client.get("/health/ready").get_json() == {"status": "ready"}
    with without(redis, lost):
        answer = client.fire(denosumab(), headers={"Authorization": f"Bearer {token(number=2)}"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        ready = client.get("/health/ready")
        assert (ready.status_code, "Redis cannot be used" in ready.text) == (503, True)
        assert 'osteocds_unchecked_tokens_total{outcome="refused"} 1.0' in client.get("/metrics").text
        assert counted(client, "osteocds_redis_failures_total") >= 2
        assert status(client, ATTACKS["expired"]()) == 401
    wait_until_ready(client)
    assert fired(client, 3, 3) == [200, 401]


@pytest.mark.parametrize("lost", ["gone", "silent", "full"])
def test_by_a_setting_they_are_taken_and_each_process_counts_for_itself(tmp_path, redis, monkeypatch, lost):
    monkeypatch.setattr(shared_memory, "PAUSE_SECONDS", 0.1)
    client = service(tmp_path, LIMITED, redis_url=redis.url, unchecked_tokens="allow")
    with without(redis, lost):
        assert fired(client, 1, 1, 2, 3) == [200, 200, 200, 429]
        ready = client.get("/health/ready")
        assert (ready.status_code, "without a look" in ready.get_json()["note"]) == (200, True)
        assert 'osteocds_unchecked_tokens_total{outcome="allowed"} 4.0' in client.get("/metrics").text
    wait_until_ready(client)
    assert status(client, token(number=9, tenant="x")) in {200, 429}


def test_a_redis_that_did_not_answer_is_left_alone_for_a_while(tmp_path, redis, monkeypatch):
    """Else requests would wait for it one after the other."""
    monkeypatch.setattr(shared_memory, "PAUSE_SECONDS", 600)
    client = service(tmp_path, redis_url=redis.url)
    with redis.held_still():
        assert fired(client, 1) == [503]
    assert fired(client, 2) == [503]
    assert client.get("/health/ready").status_code == 200  # it asks, whatever
    assert fired(client, 3) == [200]


@pytest.mark.parametrize("url", ["http://here", "here:6379", "redis://here:port/0"])
def test_an_address_of_redis_that_is_none_stops_the_start(tmp_path, url):
    with pytest.raises(InvalidSetting, match="OSTEOCDS_REDIS_URL takes redis://HOST:PORT/NUMBER"):
        service(tmp_path, redis_url=url)


@contextmanager
def without(redis, lost):
    """Redis is gone, says nothing, or has no room, while the block lasts."""
    if lost == "silent":
        with redis.held_still():
            yield
    elif lost == "gone":
        redis.stop()
        yield
        redis.start()
    else:
        with closing(Redis.from_url(redis.url)) as asked:
            asked.config_set("maxmemory", "1")
            yield
            asked.config_set("maxmemory", "0")


def wait_until_ready(client):
    until = time.monotonic() + 20
    while client.get("/health/ready").get_json() != {"status": "ready"}:
        assert time.monotonic() < until, "it does not find Redis again"
        time.sleep(0.05)


def counted(client, name):
    (line,) = [line for line in client.get("/metrics").text.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


PAGES = ("/", "/cds-services", "/catalogue", "/questionnaires/mirels", "/openapi.json", "/metrics")
HEALTH = ("/health/live", "/health/ready")


def test_discovery_and_pages_stay_open(tmp_path):
    client = service(tmp_path)
    for path in (*PAGES, *HEALTH):
        assert client.get(path).status_code == 200


def test_by_a_setting_discovery_and_pages_need_a_token_too(tmp_path):
    client = service(tmp_path, open_pages=False)
    assert {path: client.get(path).status_code for path in (*PAGES, *HEALTH)} == (
        dict.fromkeys(PAGES, 401) | dict.fromkeys(HEALTH, 200)
    )
    for number, path in enumerate(PAGES):
        headers = {"Authorization": f"Bearer {token(number=number, aud=PUBLIC_URL + path)}"}
        assert client.get(path, headers=headers).status_code == 200
    assert status(client, token(number="hook")) == 200
    assert client.get("/nowhere").status_code == 404


def test_where_anybody_is_served_pages_are_open_whatever_the_setting_says():
    assert ehr(allow_unauthenticated=True, open_pages=False).get("/cds-services").status_code == 200


def test_by_default_nobody_is_served_and_the_refusal_the_log_and_the_start_say_how_to_go_on(caplog):
    settings = replace(read_settings({}), database_url="sqlite://")
    client = create_app(settings).test_client()
    for path in (f"/cds-services/{SERVICE}", f"/cds-services/{SERVICE}/feedback"):
        answer = client.post(path, json=denosumab())
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        for said in (answer.get_json()["issue"][0]["diagnostics"], caplog.text, at_start(settings)):
            assert "OSTEOCDS_CLIENTS" in said
            assert "OSTEOCDS_ALLOW_UNAUTHENTICATED=1" in said
    assert client.get("/cds-services").status_code == 200


def test_the_start_says_that_anybody_is_served_and_nothing_where_clients_alone_are(tmp_path):
    open_to_all = replace(read_settings({}), allow_unauthenticated=True)
    assert "OSTEOCDS_ALLOW_UNAUTHENTICATED=1" in at_start(open_to_all)
    assert at_start(replace(read_settings({}), clients=registry_of(tmp_path))) == ""


def test_with_clients_nobody_else_is_served_by_default(tmp_path):
    client = ehr(clients=registry_of(tmp_path), allow_unauthenticated=False, public_url=PUBLIC_URL)
    assert status(client, "") == 401
    assert status(client, token()) == 200


def test_where_it_is_allowed_anybody_is_served_and_a_wrong_token_is_not(tmp_path):
    client = ehr(clients=registry_of(tmp_path), allow_unauthenticated=True, public_url=PUBLIC_URL)
    assert status(client, "") == 200
    assert status(client, token(STRANGER)) == 401
    assert status(ehr(allow_unauthenticated=True), "opaque") == 200


# --- the choices of a client ------------------------------------------------------------------------------------------


def test_a_client_has_choices_of_its_own(tmp_path):
    text = (
        f'[hospital]\nissuer = "{ISSUER}"\njwks = "keys.json"\nlanguage = "fr"\nmax_cards = 1\n'
        'services = ["bone-metastases-order-sign"]\naudiences = ["urn:ours"]\n'
    )
    client = service(tmp_path, text)
    headers = {"Authorization": f"Bearer {token(aud='urn:ours')}"}
    cards = client.fire(denosumab(), headers=headers).get_json()["cards"]
    assert cards[-1]["summary"].startswith("Cartes non détaillées")
    assert status(client, token(number=2, aud="urn:ours"), "bone-metastases-patient-view") == 403


@pytest.mark.parametrize(
    ("choice", "linked", "technical"),
    [
        ("", True, True),
        ('link_types = ["absolute"]', True, True),
        ('link_types = ["smart"]', False, True),
        ("link_types = []", False, True),
        ('card_audience = "everyone"', True, True),
        ('card_audience = "clinicians"', True, False),
    ],
)
def test_a_client_says_which_links_it_shows_and_who_reads_its_cards(tmp_path, choice, linked, technical):
    client = service(tmp_path, f'[hospital]\nissuer = "{ISSUER}"\njwks = "keys.json"\n{choice}\n')
    request = leaving_out(denosumab(), "prefetch", "vitaminD")
    answer = client.fire(request, headers={"Authorization": f"Bearer {token()}"})
    cards = answer.get_json()["cards"]
    assert any("url" in card["source"] for card in cards) == linked
    assert any("technical" in card["extension"]["org.osteocds"] for card in cards) == technical
    assert all(card["extension"]["org.osteocds"]["version"] for card in cards)


def test_two_clients_of_one_issuer_are_told_apart_by_their_tenants(tmp_path):
    head = f'issuer = "{ISSUER}"\njwks = "keys.json"\n'
    client = service(tmp_path, f'[north]\n{head}tenants = ["n"]\n[south]\n{head}tenants = ["s"]\nlanguage = "fr"\n')
    assert status(client, token(tenant="s")) == 200
    assert status(client, token(number=2, tenant="west")) == 401
    assert status(client, token(number=3)) == 401
    with pytest.raises(InvalidSetting, match="give each its tenants"):
        service(tmp_path, f"[north]\n{head}[south]\n{head}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no client"),
        ("issuer = 'x'", "line 1: issuer stands outside a client"),
        ("[a]\nissuer = \nx = 1", "line 2"),
        ("[a]\nissuer = 'x'\nisuer = 'y'\njwks = 'keys.json'", r"line 3: \[a\] isuer: no such key; is it issuer\?"),
        ("[a]\nissuer = 'x'", "has neither jku nor jwks"),
        ("[a]\njwks = 'keys.json'", "has no issuer"),
        ("[a]\nissuer = 'x'\njku = 'http://e.example/k'", r"line 3: \[a\] jku: takes an https address"),
        ("[a]\nissuer = 'x'\njwks = 'none.json'", "holds no usable key"),
        ("[a]\nissuer = 'x'\njwks = 'keys.json'\nmax_cards = 0", "line 4: .* takes a positive whole number"),
        ("[a]\nissuer = 'x'\njwks = 'keys.json'\nlanguage = 'de'", "takes one of en, fr"),
        ("[a]\nissuer = 'x'\njwks = 'keys.json'\nlink_types = ['any']", "takes a list of absolute, smart"),
        ("[a]\nissuer = 'x'\njwks = 'keys.json'\nzzz = 1", r"line 4: \[a\] zzz: no such key; is it "),
        ("[a]\nissuer = 'x'\nissuer = 'y'\njwks = 'keys.json'", "line 3"),
        ("[a]\nissuer = 'x'\n[a]\njwks = 'keys.json'", "line 3"),
        ("[a]\nissuer = 'x'\njwks = 'keys.json'\nfhir_bases = ['nowhere']", "line 4: .*fhir_bases"),
        ("[a]\nissuer = 'x'\njwks = 'keys.json'\ntenants = 'n'", "takes a list of texts"),
    ],
)
def test_a_registry_that_cannot_be_used_stops_the_start(tmp_path, text, says):
    with pytest.raises(InvalidSetting, match=says):
        service(tmp_path, text)


@pytest.mark.parametrize(
    ("messaging", "query"),
    [
        ("", "lang=en"),
        ('messaging_origin = "https://ehr.example.org"\nmessaging_handle = "h"\n', "lang=en&client=hospital"),
    ],
)
def test_the_links_for_a_client_name_it_where_its_pages_take_messages(tmp_path, messaging, query):
    client = service(tmp_path, f'[hospital]\nissuer = "{ISSUER}"\njwks = "keys.json"\n{messaging}')
    order = {"act": "radiotherapy", "site": "left femur", "dose": "30 Gy", "fractions": 10}
    cards = client.cards(request_for({"order": order}), headers={"Authorization": f"Bearer {token()}"})
    [link] = [link for card in cards for link in card.get("links", ())]
    assert urlsplit(link["url"]).query == query


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        (
            'services = ["bone-metastases-order-sing"]',
            r"line 4: \[hospital\] services: .* is it bone-metastases-order-sign\?",
        ),
        ("services = []", r"line 4: \[hospital\] services: takes a list of ids"),
        ("tenants = []", r"line 4: \[hospital\] tenants: takes a list of texts"),
    ],
    ids=["misspelt service", "no service", "no tenant"],
)
def test_a_list_of_what_a_client_may_do_lets_it_do_what_is_published_and_never_all_by_being_empty(
    tmp_path, choice, told
):
    with pytest.raises(InvalidSetting, match=told):
        service(tmp_path, f'[hospital]\nissuer = "{ISSUER}"\njwks = "keys.json"\n{choice}\n')


def test_without_a_public_address_a_client_names_its_audiences(tmp_path):
    with pytest.raises(InvalidSetting, match="audiences"):
        ehr(clients=registry_of(tmp_path), allow_unauthenticated=False, public_url="")


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"keys": []},
        {"keys": [{**RSA.as_dict(private=False), "n": RSA.as_dict(private=False)["n"][:171]}]},
        {"keys": [ECKey.generate_key("P-256", {"kid": "curve"}).as_dict(private=False)]},
        {"keys": [OctKey.generate_key(384, {"kid": "secret"}).as_dict(private=True)]},
        {"keys": [{**EC.as_dict(private=False), "use": "enc"}]},
        {"keys": [{"kty": "EC", "crv": "P-384", "kid": "ec", "x": "no", "y": "point"}]},
        {"keys": [EC.as_dict(private=False)] * 51},
    ],
)
def test_a_file_without_a_usable_key_is_refused(tmp_path, keys):
    with pytest.raises(InvalidSetting, match="no usable key"):
        ehr(clients=registry_of(tmp_path, keys=keys), allow_unauthenticated=False, public_url=PUBLIC_URL)


def test_two_keys_of_one_kid_verify_nothing(tmp_path):
    twice = {
        "keys": [
            EC.as_dict(private=False),
            {**STRANGER.as_dict(private=False), "kid": "ec"},
            RSA.as_dict(private=False),
        ]
    }
    client = ehr(clients=registry_of(tmp_path, keys=twice), allow_unauthenticated=False, public_url=PUBLIC_URL)
    assert status(client, token()) == 401
    assert status(client, token(RSA, "RS384", number=2)) == 200


# --- published keys ---------------------------------------------------------------------------------------------------


class Publisher(BaseHTTPRequestHandler):
    """Answers for an issuer as each test has it."""

    def do_GET(self):
        self.server.asked += 1
        self.server.answer(self)

    def log_message(self, *_args):
        pass


@contextmanager
def published(answer):
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        server.answer, server.asked = answer, 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server, f"http://127.0.0.1:{server.server_port}/keys"
        finally:
            server.shutdown()


def with_keys(keys):
    def answer(handler):
        body = json.dumps(keys() if callable(keys) else keys).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def redirecting(handler):
    handler.send_response(302)
    handler.send_header("Location", "/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    for _part in range(MOST_KEY_SET_BYTES // 1000 + 10):
        try:
            handler.wfile.write(b" " * 1000)
        except OSError:
            return


def silent(handler):
    handler.server.released.wait(20)


def dripping(handler):
    """Its keys come a sign at a time."""
    handler.send_response(200)
    handler.end_headers()
    for sign in json.dumps(KEY_SET):
        if handler.server.released.wait(0.05):
            return
        try:
            handler.wfile.write(sign.encode())
        except OSError:
            return


def of_publisher(folder, jku):
    return service(folder, f'[hospital]\nissuer = "{ISSUER}"\njku = "{jku}"\n')


def test_published_keys_are_fetched_once(tmp_path):
    with published(with_keys(KEY_SET)) as (server, jku):
        client = of_publisher(tmp_path, jku)
        assert [status(client, token(number=number, header={"jku": jku})) for number in range(3)] == [200] * 3
        assert status(client, token(number=4)) == 200
        assert server.asked == 1


def test_keys_of_a_file_are_not_fetched_though_tokens_name_where_they_are_published(tmp_path):
    with published(with_keys(KEY_SET)) as (server, jku):
        both = f'[hospital]\nissuer = "{ISSUER}"\njku = "{jku}"\njwks = "keys.json"\n'
        client = service(tmp_path, both)
        assert status(client, token(header={"jku": jku})) == 200
        assert status(client, token(number=2)) == 200
        assert status(client, token(number=3, header={"jku": f"{jku}/other"})) == 401
        assert server.asked == 0


def test_a_new_key_is_asked_for_and_not_more_often_than_now_and_then(tmp_path):
    held = {"keys": [RSA.as_dict(private=False)]}
    with published(with_keys(lambda: held)) as (server, jku):
        client = of_publisher(tmp_path, jku)
        assert status(client, token(RSA, "RS384")) == 200
        assert [status(client, token(number=number)) for number in (2, 3, 4)] == [401] * 3
        assert server.asked == 1
        assert status(client, token(RSA, "RS384", number=5)) == 200


@pytest.mark.parametrize("answer", [redirecting, endless, with_keys({}), with_keys("x")])
def test_keys_that_cannot_be_fetched_let_nobody_in(tmp_path, answer):
    with published(answer) as (server, jku):
        client = of_publisher(tmp_path, jku)
        assert [status(client, token(number=number)) for number in range(3)] == [401] * 3
        assert server.asked == 1


def test_while_an_unknown_key_is_asked_for_a_known_one_is_taken(monkeypatch):
    """Whoever names a key that there is not, which takes no token, holds up nobody who names one that there is."""
    monkeypatch.setattr(key_sets, "FETCH_SECONDS", 60.0)
    asked, answered, now = threading.Event(), threading.Event(), [0.0]

    class Session(requests.Session):
        def get(self, *_address, **_how):
            if now[0]:
                asked.set()
                answered.wait()
            return responding(json.dumps(KEY_SET).encode())

    keys = PublishedKeys("https://ehr.example.org/keys", Session(), clock=lambda: now[0])
    assert keys.of("ec") is not None
    now[0] = ASKED_AGAIN_SECONDS
    forger = threading.Thread(target=lambda: keys.of("unknown"), daemon=True)
    forger.start()
    assert asked.wait(20)
    try:
        assert keys.of("ec") is not None
        assert forger.is_alive()
    finally:
        answered.set()
        forger.join()


def responding(body):
    answer = requests.Response()
    answer.status_code, answer.raw = 200, HTTPResponse(io.BytesIO(body), preload_content=False)
    return answer


@pytest.mark.parametrize("slow", [silent, dripping])
def test_a_slow_publisher_holds_nobody_for_long(tmp_path, slow):
    with published(slow) as (server, jku):
        server.released = threading.Event()
        try:
            client, started = of_publisher(tmp_path, jku), time.monotonic()
            assert [status(client, token(number=number)) for number in range(5)] == [401] * 5
            assert time.monotonic() - started < 2 * FETCH_SECONDS
        finally:
            server.released.set()


def test_what_a_redirect_of_a_publisher_leads_to_is_never_asked(tmp_path):
    with published(redirecting) as (server, jku):
        assert status(of_publisher(tmp_path, jku), token()) == 401
        assert server.asked == 1


# --- the documentation ------------------------------------------------------------------------------------------------


def test_the_documentation_lists_every_key_of_a_client():
    written = (Path(__file__).parents[2] / "docs/clients.md").read_text(encoding="utf-8")
    assert [line for line in written.splitlines() if line.startswith("| `")] == [
        f"| `{name}` | {key.takes} | {key.help} |" for name, key in KEYS.items()
    ]


def test_the_example_of_the_documentation_is_a_registry(tmp_path):
    written = (Path(__file__).parents[2] / "docs/clients.md").read_text(encoding="utf-8")
    example = written.partition("```toml\n")[2].partition("```")[0]
    assert status(service(tmp_path, example), "") == 401
