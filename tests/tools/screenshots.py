"""Screenshots of each page in each mode, and those of the README: `make screenshots`.

The servers are those of the demo, with its patients, and the browser is that of the tests. A page is pictured as it is used: a
case is tried, a card is dismissed, the calendar of what was ordered is opened. Those of the README go to `docs/screenshots`.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle, product
from pathlib import Path
from typing import Any

import requests
from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait
from support.browser import browser
from support.try_page import SECONDS, summaries

from service.cards.override_reasons import OVERRIDE_REASONS, REASON_SYSTEM
from service.demo.run import DEFAULT_FHIR_SERVER, demo_record, demo_servers, hook_request
from service.demo.trial import Trial, drafted, written
from service.guidelines import GUIDELINES
from service.languages.render import Language
from service.rules.guideline import terminology_of
from service.settings import read_settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/screenshots"
FOLDER = ROOT / "dist/screenshots"

SCHEMES = ("light", "dark")
QUALITY = 82
"""Of WebP, in percent: text stays sharp."""

PATIENT = "demo-juniper"
ORDERS: tuple[Mapping[str, Any], ...] = (
    {"what": "radiotherapy", "site": "lumbar spine", "dose": "30 Gy", "fractions": "10", "day": 3},
    {"what": "gemcitabine", "dose": "1800 mg", "day": 24},
    {"what": "cementoplasty", "site": "L3", "day": 10},
)
"""Of the case that is tried; `day` counts from today."""


@dataclass(frozen=True, slots=True)
class Window:
    """Of a desktop or a telephone, in points."""

    name: str
    width: int
    height: int
    phone: bool


WINDOWS = (Window("desktop", 1200, 900, phone=False), Window("phone", 390, 844, phone=True))
TALLEST = 3000
"""Points beyond which a picture of a whole page is cut."""


@dataclass(frozen=True, slots=True)
class Mode:
    """How a page is shown."""

    window: Window
    scheme: str
    language: Language
    media: str = "screen"

    @property
    def name(self) -> str:
        """Of the files."""
        return "-".join((self.window.name, self.scheme if self.media == "screen" else self.media, self.language.value))


MODES = tuple(Mode(*one) for one in product(WINDOWS, SCHEMES, Language))
PRINTED = tuple(Mode(WINDOWS[0], "light", language, "print") for language in Language)

Go = Callable[[Chrome, str, str], None]
"""Has the browser show a page of the service at an address, in a language."""


def at(path: str) -> Go:
    """A page that stands at a path."""

    def go(page: Chrome, site: str, language: str) -> None:
        page.get(f"{site}{path}?lang={language}")

    return go


def case(today: datetime) -> str:
    """The case that is tried, as the text of its link."""
    words = terminology_of(GUIDELINES)
    drafts = []
    for number, order in enumerate(ORDERS, 1):
        parts = {**order, "day": (today + timedelta(days=order["day"])).date().isoformat()}
        drafts.append(drafted(parts, PATIENT, number, today.date(), words))
    return written(Trial(patient=PATIENT, drafts=tuple(drafts)))


def tried(state: str) -> Go:
    """The page to try, with the case of a link."""

    def go(page: Chrome, site: str, language: str) -> None:
        page.get("about:blank")
        page.get(f"{site}/try?lang={language}#{state}")
        WebDriverWait(page, SECONDS).until(lambda _: summaries(page))

    return go


def drawn(state: str, of: str) -> Go:
    """The calendar of that case, or its receipt: of the request that the ledger of the demo keeps."""

    def go(page: Chrome, site: str, language: str) -> None:
        tried(state)(page, site, language)
        request = json.loads(page.find_element("id", "request").get_attribute("value"))
        address = f"{site}/{of}/{request['hookInstance']}?lang={language}"

        def is_there(_page: Chrome) -> bool:
            page.get(address)  # the ledger writes it a moment after the answer
            return bool(page.find_elements("css selector", "svg.axis"))

        WebDriverWait(page, SECONDS).until(is_there)

    return go


def swagger(page: Chrome, site: str, language: str) -> None:
    """The page of the endpoints, once its script has drawn it."""
    page.get(f"{site}/openapi?lang={language}")
    WebDriverWait(page, SECONDS).until(lambda _: page.find_elements("css selector", ".opblock"))


def pages(state: str) -> dict[str, Go]:
    """Each page by its name."""
    guideline = GUIDELINES[0]
    return {
        "home": at("/"),
        "try-blank": at("/try"),
        "try": tried(state),
        "calendar": drawn(state, "calendar"),
        "receipt": drawn(state, "receipts"),
        "watch": at("/watch"),
        "catalogue": at("/catalogue"),
        "rule": at(f"/catalogue/{guideline.id}/{guideline.rules[0].id}"),
        **{f"score-{score.id}": at(f"/questionnaires/{score.id}") for score in guideline.scores},
        "openapi": swagger,
        "not-found": at("/nowhere"),
    }


@contextmanager
def shown(page: Chrome, mode: Mode) -> Iterator[None]:
    """The browser as one of these windows, of somebody who prefers this scheme."""
    window = mode.window
    metrics = {"width": window.width, "height": window.height, "deviceScaleFactor": 1, "mobile": window.phone}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    page.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    features = [{"name": "prefers-color-scheme", "value": mode.scheme}]
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": mode.media, "features": features})
    yield


def picture(page: Chrome) -> bytes:
    """What the browser shows, as WebP."""
    wanted = {"format": "webp", "quality": QUALITY}
    return base64.b64decode(page.execute_cdp_cmd("Page.captureScreenshot", wanted)["data"])


def whole(page: Chrome, mode: Mode) -> bytes:
    """The page down to the tallest that is pictured."""
    height = min(TALLEST, int(page.execute_script("return document.documentElement.scrollHeight")))
    with shown(page, replace(mode, window=replace(mode.window, height=height))):
        return picture(page)


README_PICTURES: Mapping[str, tuple[str, Mode]] = {
    "try.webp": ("try", MODES[0]),
    "calendar.webp": ("calendar", Mode(WINDOWS[0], "dark", Language.ENGLISH)),
    "rule.webp": ("rule", Mode(WINDOWS[1], "light", Language.ENGLISH)),
}
"""Each picture of the README: its page and its mode."""


def taken(names: Sequence[str] = ()) -> Iterator[tuple[Path, bytes]]:
    """A picture of each page, or of those that are named, in each mode; the calendar on paper too. Each with its file."""
    settings = replace(read_settings({}), port=0, demo_fhir_port=0)
    now = datetime.now(settings.timezone)  # noqa: TID251 - the demo is of today
    with (
        demo_servers(settings, ROOT / DEFAULT_FHIR_SERVER, Language.ENGLISH, now.date(), print) as (fhir_base, site),
        browser() as page,
    ):
        use(site, fhir_base, now)
        wanted = {picture_of: name for name, picture_of in README_PICTURES.items()}
        for name, go in pages(case(now)).items():
            if names and name not in names:
                continue
            for mode in (*MODES, *(PRINTED if name == "calendar" else ())):
                with shown(page, mode):
                    go(page, site, mode.language.value)
                    if (name, mode) in wanted:
                        yield DOCS / wanted[name, mode], picture(page)
                    yield FOLDER / f"{name}-{mode.name}.webp", whole(page, mode)


def use(site: str, fhir_base: str, now: datetime) -> None:
    """Fire the hooks of the demo's patients, and answer the cards, so that there is something to watch."""
    reasons = cycle([code for code, _words in OVERRIDE_REASONS])
    with requests.Session() as session:
        session.trust_env = False
        for turn, guideline in product(range(TURNS), GUIDELINES):
            for patient in guideline.demo_patients:
                request = hook_request(patient, demo_record(patient, now.date()), fhir_base)
                service = f"{site}/cds-services/{guideline.id}-{request['hook']}"
                cards = session.post(service, json=request, timeout=30).json()["cards"]
                said = [_said(card, place + turn, next(reasons), now) for place, card in enumerate(cards)]
                session.post(f"{service}/feedback", json={"feedback": [one for one in said if one]}, timeout=30)


TURNS = 8


def _said(card: Mapping[str, Any], number: int, reason: str, now: datetime) -> dict[str, Any]:
    """The feedback on a card: of three, one is accepted, one overridden, and one unanswered."""
    said = {"card": card["uuid"], "outcomeTimestamp": now.isoformat()}
    if number % 3 == 0 and card.get("suggestions"):
        return {**said, "outcome": "accepted", "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}]}
    if number % 3 == 1:
        given = {"reason": {"code": reason, "system": REASON_SYSTEM}}
        return {**said, "outcome": "overridden", "overrideReason": given}
    return {}


def main() -> None:
    """Take them all, and write those of the README where it shows them."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", help="pages; all where none is named")
    for path, picture_of_it in taken(options.parse_args().names):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture_of_it)
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(picture_of_it) // 1000} kB\n")


if __name__ == "__main__":
    main()
