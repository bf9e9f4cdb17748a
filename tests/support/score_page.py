"""The page of a score as a person uses it, in a browser."""

from __future__ import annotations

from itertools import product

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from mappings.vocabulary.bones import SIDE_CODES
from mappings.vocabulary.scores import Score


def choose(page: Chrome, question: str, answer: str) -> None:
    choice = page.find_element(By.CSS_SELECTOR, f'input[name="{question}"][value="{answer}"]')
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", choice)  # the total stays above what is below
    choice.click()


def place(page: Chrome, code: str) -> None:
    """Choose the site of the score, and the left side where it is asked for."""
    Select(page.find_element(By.ID, "bone")).select_by_value(code)
    if page.find_elements(By.NAME, "side"):
        choose(page, "side", SIDE_CODES["left"])


def copied(page: Chrome, what: str) -> str:
    """What a button of the page writes down."""
    button = page.find_element(By.CSS_SELECTOR, f"[data-copies={what}]")
    page.execute_script("arguments[0].closest('details')?.setAttribute('open', '')", button)
    button.click()
    WebDriverWait(page, 5).until(lambda _: shown(page, "told"))
    return str(page.find_element(By.ID, "written").get_property("value"))


def shown(page: Chrome, identifier: str) -> str:
    text: str = page.find_element(By.ID, identifier).text
    return text


def responses_of_every_total(score: Score) -> dict[int, dict[str, str]]:
    """For each total that the score can have, answers that add up to it."""
    found: dict[int, dict[str, str]] = {}
    for answers in product(*(question.answers for question in score.questions)):
        codes = {question.code: answer.code for question, answer in zip(score.questions, answers, strict=True)}
        found.setdefault(sum(answer.points for answer in answers), codes)
    return found
