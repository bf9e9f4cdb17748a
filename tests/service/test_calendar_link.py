"""The link of a card to the calendar: on cards about days, where it can lead somewhere, and with nothing of the patient in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from support.ehr import Ehr, ehr
from support.scenario import NOW, SERVICES, SETTINGS, WORLD, request_for

from service.certify.tokens import Tokens
from service.languages.render import Language
from service.ledger.receipt_words import printed
from service.ledger.receipts import receipt_of, request_of
from service.ledger.recomputing import Circumstances, recomputed

BEFORE = "radiosensitiser-before-radiotherapy"
TOLD = {
    "order": {"act": "radiotherapy", "site": "L3", "dose": "30 Gy", "fractions": 10, "start in": 3},
    "record": {"medications": [{"drug": "gemcitabine", "days ago": 10}]},
}
SERVICE = SERVICES["bone-metastases-order-sign"]
CALENDAR = SERVICE.guideline.calendar
PUBLIC_URL = "https://cds.example.org"
RSA, EC = RSAKey.generate_key(2048, {"kid": "rsa"}), ECKey.generate_key("P-384", {"kid": "ec"})
TOKENS = Tokens("https://ehr.example.org", PUBLIC_URL, SERVICE.id, int(NOW.timestamp()), RSA, EC)
KEEPS = frozenset({"requests"})
CLIENT = f'[hospital]\nissuer = "{TOKENS.issuer}"\njwks = "keys.json"\n'


def links(cards: list[dict[str, Any]]) -> list[str]:
    return [link["url"] for card in cards for link in card.get("links", ()) if "/calendar/" in link["url"]]


def of_a_client(tmp_path: Path, choices: str, **settings: Any) -> tuple[Ehr, dict[str, str]]:
    (tmp_path / "keys.json").write_text(json.dumps(TOKENS.key_set), encoding="utf-8")
    registry = tmp_path / "clients.toml"
    registry.write_text(CLIENT + choices, encoding="utf-8")
    client: Ehr = ehr(
        clients=registry, allow_unauthenticated=False, public_url=PUBLIC_URL, ledger_keeps=KEEPS, **settings
    )
    return client, {"Authorization": f"Bearer {TOKENS.token()}"}


def test_a_card_about_days_links_to_the_calendar_of_its_request_and_names_no_patient(tmp_path: Path) -> None:
    client: Ehr = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=KEEPS, public_url=PUBLIC_URL)
    request = request_for(TOLD)
    cards = client.cards(request)
    [about_days] = [card for card in cards if BEFORE in card["extension"]["org.osteocds"].get("rules", ())]
    assert links([about_days]) == [f"{PUBLIC_URL}/calendar/{request['hookInstance']}?lang=en"]
    assert links(cards) == links([about_days])
    client.application.extensions["osteocds.ledger"].writer.close()
    told = client.get(links(cards)[0].removeprefix(PUBLIC_URL))
    assert (told.status_code, '<svg class="axis"' in told.text) == (200, True)


def test_an_answer_with_the_link_is_computed_anew_with_it(tmp_path: Path) -> None:
    client: Ehr = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=KEEPS, public_url=PUBLIC_URL)
    request = request_for(TOLD)
    assert links(client.cards(request))
    ledger = client.application.extensions["osteocds.ledger"]
    ledger.writer.close()
    receipt = receipt_of(ledger.database, request["hookInstance"], issued=NOW)
    assert receipt is not None
    circumstances = Circumstances(SERVICE, WORLD.of_anybody(), str(SETTINGS.timezone))
    kept = request_of(ledger.database, request["hookInstance"], 1)
    assert kept is not None
    assert recomputed(json.loads(kept), receipt["answers"][0], circumstances).identical


@pytest.mark.parametrize("keeps", [KEEPS, frozenset()], ids=["kept", "not kept"])
def test_a_receipt_says_where_the_calendar_is_of_a_request_that_is_kept(tmp_path: Path, keeps: frozenset[str]) -> None:
    client: Ehr = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=keeps, public_url=PUBLIC_URL)
    request = request_for(TOLD)
    client.cards(request)
    ledger = client.application.extensions["osteocds.ledger"]
    ledger.writer.close()
    receipt = receipt_of(ledger.database, request["hookInstance"], issued=NOW)
    assert receipt is not None
    told = "\n".join(printed(receipt, {}, Language.FRENCH))
    assert (f"{PUBLIC_URL}/calendar/{request['hookInstance']}" in told) == bool(keeps)


def test_the_rules_whose_cards_link_to_it_are_rules_of_the_guideline() -> None:
    assert CALENDAR is not None
    assert CALENDAR.rules <= {rule.id for rule in SERVICE.guideline.rules}


@pytest.mark.parametrize(
    "settings",
    [{"public_url": ""}, {"ledger_keeps": frozenset()}, {"ledger_keeps": frozenset({"facts", "texts"})}],
    ids=["nobody knows the address", "nothing is kept", "requests are not kept"],
)
def test_where_the_link_cannot_lead_anywhere_there_is_none(settings: dict[str, Any]) -> None:
    assert links(ehr(**{"ledger_keeps": KEEPS, **settings}).cards(request_for(TOLD))) == []


def test_a_hook_instance_that_may_say_more_than_which_request_is_in_no_link() -> None:
    request = {**request_for(TOLD), "hookInstance": "mrs-alder-1958"}
    assert links(ehr(ledger_keeps=KEEPS).cards(request)) == []


@pytest.mark.parametrize(
    ("choices", "linked"),
    [
        ("", False),
        ("calendar_links = false\n", False),
        ("calendar_links = true\n", True),
        ('calendar_links = true\nlink_types = ["smart"]\n', False),
    ],
)
def test_a_client_has_the_link_only_where_it_says_that_whoever_follows_it_can_be_told(
    tmp_path: Path, choices: str, *, linked: bool
) -> None:
    client, headers = of_a_client(tmp_path, choices)
    cards = client.fire(request_for(TOLD), headers=headers).get_json()["cards"]
    assert bool(links(cards)) == linked


def test_the_calendar_is_for_the_client_that_asked_and_for_nobody_else(tmp_path: Path) -> None:
    client, headers = of_a_client(
        tmp_path, "calendar_links = true\n", database_url=f"sqlite:///{tmp_path}/ledger.sqlite3"
    )
    request = request_for(TOLD)
    client.fire(request, headers=headers)
    client.application.extensions["osteocds.ledger"].writer.close()
    path = f"/calendar/{request['hookInstance']}"
    again = {"Authorization": f"Bearer {TOKENS.token(number=2, aud=PUBLIC_URL + path)}"}
    assert client.get(path, headers=again).status_code == 200
    assert client.get(path).status_code == 401
    anybody: Ehr = ehr(database_url=f"sqlite:///{tmp_path}/ledger.sqlite3", ledger_keeps=KEEPS)
    assert anybody.get(path).status_code == 404, "whoever comes without a token is shown what was asked without one"
