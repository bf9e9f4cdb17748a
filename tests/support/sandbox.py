"""A build of the official CDS Hooks sandbox in a browser, walked as a person walks it; what it asked us, and what it showed.

It is found by what a person sees (names of screens, of fields, of buttons) and not by its classes, which differ between versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, request
from selenium.common import StaleElementReferenceException, TimeoutException
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from support.serving import in_a_thread

SECONDS = 30
FIELD = "medication-input"
TYPE = """
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(arguments[0], arguments[1]);
arguments[0].dispatchEvent(new Event("input", {bubbles: true}));
"""
"""Its field forgets what is typed sign by sign; what is pasted stays."""


@dataclass(frozen=True)
class Heard:
    """One request that the page sent to the service, and how it was answered."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int
    answer: dict[str, Any]

    @property
    def feedback(self) -> dict[str, Any]:
        """What became of a card; empty where it says nothing of one."""
        told: dict[str, Any] = self.body.get("feedback", [{}])[0]
        return told

    @property
    def draft(self) -> dict[str, Any]:
        """The order of its form; empty where it has none."""
        entries = self.body.get("context", {}).get("draftOrders", {}).get("entry", [{"resource": {}}])
        order: dict[str, Any] = entries[0]["resource"]
        return order

    @property
    def drug(self) -> str:
        return str(self.draft.get("medicationCodeableConcept", {}).get("text", ""))


@dataclass
class Ear:
    """What a service is asked, one after another."""

    heard: list[Heard] = field(default_factory=list)

    def listen(self, app: Flask) -> None:
        """Hear all that an application is asked from now on."""

        @app.before_request
        def keep() -> None:
            request.get_data()  # else it is gone once it is read

        @app.after_request
        def hear(answer: Response) -> Response:
            if "Origin" not in request.headers:
                return answer  # a window that it opened, and not its script
            told = request.get_json(silent=True) or {}
            said = answer.get_json(silent=True) or {}
            path, headers = request.path, dict(request.headers)
            self.heard.append(Heard(request.method, path, headers, told, answer.status_code, said))
            return answer


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_told: Any) -> None:
        """Write no line for a request."""


@contextmanager
def page_of(build: str) -> Iterator[str]:
    """The origin of a page with the build, while the block lasts."""
    if not Path(build, "index.html").exists():
        raise FileNotFoundError(
            f"OSTEOCDS_SANDBOX: no index.html in {build}; it names the folder that the sandbox is built in"
        )
    with in_a_thread(ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=build))) as address:
        yield address


class Sandbox:
    """The page in a browser, with one patient of a FHIR server, and one service beside its own, which it does not reach."""

    def __init__(self, browser: Chrome, page: str, ear: Ear, *, service: str, fhir: str, patient: str) -> None:
        self.browser, self.ear, self.service = browser, ear, service
        asked = {"fhirServiceUrl": fhir, "patientId": patient, "serviceDiscoveryURL": f"{service}/cds-services"}
        address = f"{page}/?{urlencode({**asked, 'hook': 'patient-view', 'screen': 'patient-view'})}"
        browser.get_log("browser")  # of the pages before
        browser.get(address)  # its port is new, and so is what it remembers

    # --- what is seen -------------------------------------------------------------------------------------------------

    @property
    def said(self) -> str:
        """What the page says; without the panel for developers, which holds request and answer."""
        text: str = self.browser.execute_script("return document.body.textContent")
        return text.partition("CDS Developer Panel")[0]

    def shows(self, *said: str) -> None:
        """Wait until the page says all of it."""
        self._until(lambda: all(one in self.said for one in said), f"the page does not say {said}")

    def hears(self, what: Any) -> Heard:
        """Wait until the service has answered a request of a kind, and give the last."""
        self._until(lambda: any(what(one) for one in self.ear.heard), "the service was not asked")
        return next(one for one in reversed(self.ear.heard) if what(one))

    def errors(self) -> list[str]:
        """What went wrong on the page: what nobody caught, and all about our service."""
        told = [str(one["message"]) for one in self.browser.get_log("browser")]
        return [one for one in told if "Uncaught" in one or self.service in one]

    # --- what is done -------------------------------------------------------------------------------------------------

    def screen(self, name: str) -> None:
        """Turn to a screen."""
        self._press(f"//button[normalize-space()='{name}']")

    def treat(self, condition: str) -> None:
        """Choose what is treated, of the patient's conditions."""
        self._choose("//*[normalize-space()='Treating']/following::input[1]", condition)

    def choose(self, drug: str) -> None:
        """Choose a drug of its list: type what it begins with, then take what is offered until no more is."""
        box = self._until(lambda: self.browser.find_elements(By.NAME, FIELD), "no field for a drug")[0]
        self.browser.execute_script(TYPE, box, drug)
        offered = f"//*[self::li or @role='button' or @role='option'][contains({lower('.')}, '{drug.lower()}')]"
        self._press(offered)
        with suppress(TimeoutException):  # older versions ask for its strength, then for its form
            for _step in range(2):
                WebDriverWait(self.browser, 1).until(lambda _: self._pressed(offered))

    def image(self) -> None:
        """Choose the first study of imaging."""
        self._choose("//*[normalize-space()='Search orders']/following::input[1]", "")

    def sign(self) -> None:
        self._press("//button[normalize-space()='Sign Order']")

    def take(self, label: str) -> None:
        """Take a suggestion."""
        self._press(f"//button[normalize-space()='{label}']")

    def follow(self, label: str) -> str:
        """Follow a link of a card to its window; what the page there says."""
        before = self.browser.current_window_handle
        self._press(f"//button[normalize-space()='{label}']")
        self._until(lambda: len(self.browser.window_handles) > 1, "no window opened")
        [opened] = set(self.browser.window_handles) - {before}
        self.browser.switch_to.window(opened)
        try:
            text = self._until(lambda: self.browser.find_element(By.TAG_NAME, "body").text, "the window stays empty")
        finally:
            self.browser.close()
            self.browser.switch_to.window(before)
        return str(text)

    def dismiss(self, reason: str = "") -> None:
        """Dismiss the first card, with the reason of this name where it is given."""
        if not reason:
            self._press("//button[normalize-space()='Dismiss']")
            return
        self._press("//button[@aria-haspopup='menu' and contains(@aria-label, 'reason')]")
        self._press(f"//*[@role='menuitem'][contains(., '{reason}')]")

    # --- how ----------------------------------------------------------------------------------------------------------

    def _press(self, where: str) -> None:
        self._until(lambda: self._pressed(where), f"nothing to press at {where}")

    def _pressed(self, where: str) -> bool:
        with suppress(StaleElementReferenceException):
            for one in self.browser.find_elements(By.XPATH, where):
                self.browser.execute_script("arguments[0].click()", one)
                return True
        return False

    def _choose(self, where: str, typed: str) -> None:
        box: WebElement = self._until(lambda: self.browser.find_elements(By.XPATH, where), f"nothing at {where}")[0]
        box.send_keys(typed or Keys.ARROW_DOWN)
        box.send_keys(Keys.ENTER)

    def _until(self, held: Any, failed: str) -> Any:
        try:
            return WebDriverWait(self.browser, SECONDS).until(lambda _: held())
        except TimeoutException:
            asked = [f"{one.method} {one.path} {one.status}" for one in self.ear.heard[-4:]]
            raise AssertionError(
                f"{failed}; it says: {self.said[-600:]!r}; we were last asked: {asked}; on its page: {self.errors()}"
            ) from None


def lower(what: str) -> str:
    """An XPath of a text in small letters."""
    return f"translate({what}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"


def registry(folder: Path, text: str) -> Path:
    """A file of clients."""
    file = folder / "clients.toml"
    file.write_text(text, encoding="utf-8")
    return file


def quoted(value: str | Path) -> str:
    """A text as TOML takes it."""
    return json.dumps(str(value))
