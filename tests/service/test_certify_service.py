"""`osteocds certify` finds what is wrong with the running service, its proxy, its keys and its stores, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from support.gateway import PASSED, Call, Reply, gateway
from support.installation import Installation, kept, now
from support.planted import ATTENTION, Change, Planted, check_found, environment, login_page, replaced, running
from support.serving import served

from service.certify.attack_names import BY_NAME
from service.certify.tokens import Tokens, tokens_of
from service.demo.embedded_fhir import free_port
from service.edge.authentication import REQUEST_ID


def front(before: Callable[[Call], Reply | None]) -> Change:
    def plant(site: Installation) -> None:
        site.front.before = before

    return plant


def drop(name: str) -> Callable[[Call], None]:
    return lambda call: call.headers.pop(name, None) and None


def too_long(call: Call) -> Reply | None:
    return Reply(413, {}, b"") if len(call.body) > 1_000_000 else None


def another_client(site: Installation) -> None:
    table = '[other]\nissuer = "https://other.example"\njwks = "keys/keys.json"\n'
    registry = site.folder / "other.toml"
    registry.write_text(table)
    site.running["clients"] = registry


def open_without_a_registry(site: Installation) -> None:
    site.running.update(allow_unauthenticated=True, clients=None, fhir_bases=(site.base,))


def nobody(site: Installation) -> None:
    site.starts = False
    site.front.before = lambda _call: Reply(502, {}, b"")


def replicas_apart(site: Installation) -> None:
    site.replicas = 2


def clinical_settings(site: Installation) -> None:
    file = site.folder / "clinical.toml"
    file.write_text("vitamin_d_valid_days = 17\n")
    site.environment["OSTEOCDS_CLINICAL_SETTINGS"] = str(file)


def ahead(site: Installation) -> None:
    site.front.ahead = 600


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


PLANTED = {
    # the running service
    "nobody behind the proxy": Planted(nobody, {"running.live": "fail"}, "HTTP 502"),
    "another page answers": Planted(front(login_page("/health/live")), {"running.live": "fail"}),
    "a login before discovery": Planted(
        front(login_page("/cds-services")), {"running.discovery": "fail", "running.language": "fail"}
    ),
    "a damaged database": Planted(damaged, {"running.database": "fail", "token.sound": "fail"}, "damaged"),
    "Redis is gone": Planted(
        running(redis_url=f"redis://127.0.0.1:{free_port()}/0"), {"running.replay-store": "fail", "token.sound": "fail"}
    ),
    "Redis is gone, and tokens are taken unchecked": Planted(
        running(redis_url=f"redis://127.0.0.1:{free_port()}/0", unchecked_tokens="allow"),
        {"running.replay-store": "warn", "token.twice": "fail"},
    ),
    "another version runs": Planted(
        lambda site: setattr(site.front, "after", replaced('"osteocds":"', '"osteocds":"9.', at="/cds-services")),
        {"running.version": "warn"},
        "osteocds 9.",
    ),
    "a ConceptMap is missing": Planted(concept_map, {"running.settings": "fail"}, "creatinine"),
    "services are split here alone": Planted(environment(OSTEOCDS_SPLIT_SERVICES="1"), {"running.settings": "fail"}),
    "another zone": Planted(
        environment(OSTEOCDS_TIMEZONE="America/New_York"), {"running.settings": "fail"}, "OSTEOCDS_TIMEZONE.*New_York"
    ),
    "other figures": Planted(
        clinical_settings, {"running.settings": "fail"}, "OSTEOCDS_CLINICAL_SETTINGS: another file"
    ),
    **{
        f"another {name}": Planted(environment(**{name: value}), {"running.settings": "fail"}, name)
        for name, value in {
            "OSTEOCDS_MAX_CARDS": "2",
            "OSTEOCDS_EXPLAIN": "1",
            "OSTEOCDS_SINGLE_ACTION": "1",
            "OSTEOCDS_SELECTION_BEHAVIOR": "at-most-one",
            "OSTEOCDS_MAX_RESOURCES": "50",
            "OSTEOCDS_DEADLINE_SECONDS": "2.5",
        }.items()
    },
    "another language": Planted(environment(OSTEOCDS_LANGUAGE="fr"), {"running.language": "fail"}),
    "a proxy drops Accept-Language": Planted(front(drop("Accept-Language")), {"running.language": "fail"}),
    "a proxy keeps answers of all languages": Planted(keeping, {"running.language": "fail"}),
    "the service's clock is ahead": Planted(ahead, {"running.clock": "fail"}, "(59.|600) s"),
    "no public address": Planted(environment(OSTEOCDS_PUBLIC_URL=""), {"running.public-url": "warn"}),
    "a public address of nobody": Planted(
        lambda site: site.environment.update(OSTEOCDS_PUBLIC_URL=f"http://127.0.0.1:{free_port()}"),
        {"running.public-url": "warn", "token.sound": "fail"},
    ),
    "a proxy with short bodies": Planted(front(too_long), {"running.body-size": "fail"}, "HTTP 413"),
    "the page to try": Planted(
        running(try_page=True, allow_unauthenticated=True), {"running.try-page": "fail", "token.none": "fail"}
    ),
    "receipts that nobody signs": Planted(running(receipt_key=None), {"running.receipts": "warn"}),
    "receipts by another key": Planted(running(receipt_key=kept() / "another.pem"), {"running.receipts": "fail"}),
    # tokens
    "open to anybody": Planted(running(allow_unauthenticated=True), {"token.none": "fail"}),
    "open to anybody, with no client registered": Planted(
        open_without_a_registry,
        {"token.none": "fail", "token.twice": "fail", "token.forged": "fail"},
    ),
    "a client that is not registered": Planted(another_client, {"token.sound": "fail"}),
    "a proxy drops Authorization": Planted(front(drop("Authorization")), {"token.sound": "fail"}),
    "a balancer that lets clients name their requests": Planted(
        lambda site: setattr(site.front, "passed", (*PASSED, REQUEST_ID)), {"token.twice": "warn"}, REQUEST_ID
    ),
    "replicas without a shared store": Planted(
        replicas_apart, {"token.twice": "fail", "running.ledger": "fail"}, "2 times of 6"
    ),
    "a gateway that trusts everybody": Planted(
        trusting_gateway, {"token.none": "fail", "token.twice": "fail", "token.forged": "fail"}
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_misconfiguration_is_found_and_nothing_else(name, site):
    check_found(PLANTED[name], site)


def test_http_beyond_this_machine_is_found(site):
    with gateway(site.front.address, host="127.0.0.2") as outside:
        site.environment["OSTEOCDS_PUBLIC_URL"] = site.running["public_url"] = outside.address
        inside, site.front = site.front, outside
        site.starts = False
        with served(now=now, database_url=f"sqlite:///{site.folder}/x.sqlite3", **site.running) as address:
            inside.upstreams = [address]
            site.certify()
    assert site.outcomes(*ATTENTION) == {"running.transport": "fail", "running.public-url": "fail"}


@pytest.mark.parametrize(
    ("last", "path"),
    [({"max_cards": 2}, "/cds-services"), ({"receipt_key": kept() / "another.pem"}, "/jwks.json")],
    ids=["settings", "keys"],
)
def test_a_replica_that_is_unlike_the_other_is_found_whichever_is_asked(last, path, site):
    site.replicas = 2
    site.running["database_url"] = f"sqlite:///{site.folder}/both.sqlite3"
    site.last = last
    site.certify()
    assert site.outcomes("fail")["running.replicas"] == "fail"
    assert site.seen("running.replicas").startswith(f"of 6 answers at {path} 3 are others")


def test_replicas_that_share_their_tokens_and_not_their_ledger_are_found(site, redis):
    site.replicas = 2
    site.running["redis_url"] = redis.url
    site.certify()
    assert site.outcomes(*ATTENTION) == {"running.ledger": "fail"}
    assert "of 6 times it was not found 3 times" in site.seen("running.ledger")


def test_a_client_in_shadow_which_gets_no_cards_tells_nothing_of_them(site):
    site.register("shadow = true")
    site.certify("--write")
    assert site.outcomes(*ATTENTION) == {}
    for check in ("fhir.by-service", "orders.cards"):
        assert "in shadow" in site.seen(check)
        assert check in site.outcomes("not run")


def test_where_pages_are_for_clients_alone_nobody_is_blamed_for_what_needs_a_client(site):
    site.running["open_pages"] = False
    site.options = site.options[2:]
    site.certify()
    assert site.outcomes(*ATTENTION) == {}
    assert "--keys" in site.seen("running.discovery")


def test_without_keys_tokens_are_not_said_to_hold(site):
    site.options = site.options[2:]
    site.certify()
    not_run = site.outcomes("not run").keys()
    assert {"token.sound", "token.twice", "token.forged", "fhir.by-service"} <= not_run
    assert "--keys" in site.seen("token.sound")
    assert "token.none" in site.outcomes("pass")


@pytest.mark.parametrize("plant", [open_without_a_registry, trusting_gateway])
def test_a_client_whose_token_is_taken_like_anybodys_is_not_said_to_be_known(plant, site):
    plant(site)
    site.certify()
    assert "token.sound" in site.outcomes("not run")
    assert "every token is taken" in site.seen("token.sound")


def test_each_attack_has_a_name_in_the_words_of_the_report(site):
    tokens = tokens_of(site.folder / "keys", "certify", public_url="https://x.example", service="x", moment=1)
    assert BY_NAME.keys() == tokens.attacks().keys()
