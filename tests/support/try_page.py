"""The page to try the service on as a person uses it, in a browser."""

from __future__ import annotations

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 20


def press(page: Chrome, button: WebElement) -> None:
    """Press a button that sends the form, and wait for the answer."""
    before = page.find_element(By.TAG_NAME, "h1")
    page.execute_script("arguments[0].closest('details')?.setAttribute('open', '')", button)
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()
    arrived(page, before)


def arrived(page: Chrome, before: WebElement) -> None:
    """Wait until another page than the one of this element is there."""
    WebDriverWait(page, SECONDS).until(staleness_of(before))
    WebDriverWait(page, SECONDS).until(lambda _: page.execute_script("return document.readyState") == "complete")


def named(page: Chrome, name: str, value: str) -> WebElement:
    return page.find_element(By.CSS_SELECTOR, f'[name="{name}"][value="{value}"]:not(.unseen)')


def fill(page: Chrome, **fields: str) -> None:
    for name, value in fields.items():
        field = page.find_element(By.NAME, name)
        page.execute_script("arguments[0].closest('details')?.setAttribute('open', '')", field)
        if field.tag_name == "select":
            Select(field).select_by_value(value)
        else:
            field.clear()
            field.send_keys(value)


def sign(page: Chrome, **order: str) -> None:
    """Add an order of these fields; that signs too."""
    fill(page, **order)
    press(page, named(page, "do", "order"))


def add(page: Chrome, kind: str, name: str, **fields: str) -> None:
    """Add to the record."""
    fill(page, **{f"{kind}.{one}": value for one, value in {"name": name, **fields}.items()})
    press(page, named(page, "do", f"add:{kind}"))


def summaries(page: Chrome) -> list[str]:
    return [one.text for one in page.find_elements(By.CSS_SELECTOR, "article.card h3")]


def problems(page: Chrome) -> list[str]:
    return [one.text for one in page.find_elements(By.CSS_SELECTOR, "[role=alert]")]
