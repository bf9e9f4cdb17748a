"""Texts in one language: numbers, dates and units in its form, words from the record escaped for markdown."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import lru_cache
from math import ceil

from mappings.dates import When
from mappings.vocabulary.letters import on_one_line
from mappings.wording import HINT, SOURCE, Amount, Said, Term, Text, Verbatim, _
from service.languages.messages import messages_of


class Language(StrEnum):
    """The languages of cards."""

    ENGLISH = "en"
    FRENCH = "fr"


LANGUAGES = ", ".join(Language)
"""As one chooses them."""

NO_BREAK_SPACE = "\u00a0"
NARROW_NO_BREAK_SPACE = "\u202f"
APOSTROPHE = "\u2019"
LIST_JOINERS = {Language.ENGLISH: " and ", Language.FRENCH: " et "}
COLONS = {Language.ENGLISH: ":", Language.FRENCH: f"{NARROW_NO_BREAK_SPACE}:"}
SEMICOLONS = {Language.ENGLISH: "; ", Language.FRENCH: f"{NARROW_NO_BREAK_SPACE}; "}
RANGES = {Language.ENGLISH: "–", Language.FRENCH: f"{NO_BREAK_SPACE}à{NO_BREAK_SPACE}"}
QUOTES = {Language.ENGLISH: ("“", "”")}
"""The marks of a quotation where they are not those of a message, «»."""
MONTHS_ONLY = {Language.ENGLISH: "MMMM y", Language.FRENCH: "MMMM y"}
DAYS = {Language.ENGLISH: "d MMM y", Language.FRENCH: "d MMM y"}

_SHOWN_UNITS = {
    "10*9/l": ("G/L", "G/L"),
    "umol/l": ("µmol/L", "µmol/L"),
    "ug/l": ("µg/L", "µg/L"),
    "ug": ("µg", "µg"),
    **dict.fromkeys(("1", "{score}", "{inr}", "{ratio}", "{count}"), ("", "")),
    "[iu]": ("IU", "UI"),
    "iu": ("IU", "UI"),
    "ml/min/{1.73_m2}": ("mL/min/1.73 m²", "mL/min/1,73 m²"),
    "d": ("days", "jours"),
    "wk": ("weeks", "semaines"),
    "mo": ("months", "mois"),
    "a": ("years", "ans"),
}
_ONE_OF = {"d": ("day", "jour"), "wk": ("week", "semaine"), "mo": ("month", "mois"), "a": ("year", "an")}

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
BREAK = "\u200b"
"""Zero width: it is not seen, and no renderer makes a link or a mention of words that it parts."""

_LINKED = re.compile(r"(?<=/)(?=/)|(?<=www)(?=\.)|(?<=\.)(?=[^\W\d]\w)|(?=@)|(?<=@)", re.IGNORECASE)
"""Where words are parted of which a renderer makes a link without being asked: addresses of hosts and of mail.

A backslash does not keep it from doing so: remark-gfm and cmark-gfm look for addresses once escapes are resolved.
"""

_ENTITY = re.compile(r"&(?=\w{1,31};)")
"""What begins a named character of HTML, which markdown resolves; one by number is stopped by its escaped `#`."""

_LIST_MARKER = re.compile(r"^(?:[-+]|\d{1,9}[.)])(?=[ -]|$)")
"""What makes a list of a line that it begins."""

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>#|~.&)+-])")


_LANGUAGES = frozenset(Language)


def choose_language(accepted: str, default: Language) -> Language:
    """The first language of an `Accept-Language` header that cards are written in, else the default."""
    ranked: list[tuple[float, int, Language]] = []
    for position, part in enumerate(accepted.split(",")):
        tag, _, quality = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary not in _LANGUAGES:
            continue
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality.strip() else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0:
            ranked.append((-weight, position, Language(primary)))
    return min(ranked)[2] if ranked else default


def render(text: Text, language: Language) -> str:
    """The text in one language, its parameters formatted in that language's form."""
    if isinstance(text, Verbatim):
        return escape(text.message)
    template = _template(text, language)
    if not text.parameters:
        return template
    shown = {
        name: _kind_of(value, language) if name == SOURCE else _shown(value, language)
        for name, value in text.parameters.items()
        if name != HINT
    }
    return template.format_map(shown)


def spoken(words: Text | str, language: Language) -> str:
    """A sentence for a terminal, which is no markdown: words stand in it as they came, and whole."""
    text = words.text if isinstance(words, Said) else words
    if not isinstance(text, Text):
        return text
    if isinstance(text, Verbatim):
        return text.message
    template = _template(text, language)
    if not text.parameters:
        return template
    return template.format_map({name: _spoken(one, language) for name, one in text.parameters.items()})


def _spoken(value: object, language: Language) -> str:
    match value:
        case Text() | str():
            return spoken(value, language)
        case tuple():
            return listed(tuple(_spoken(one, language) for one in value), language)
        case _:
            return _shown(value, language)


KINDS = {
    "AllergyIntolerance": _("allergy"),
    "CarePlan": _("plan"),
    "Condition": _("diagnosis"),
    "DiagnosticReport": _("report"),
    "Encounter": _("stay"),
    "ImagingStudy": _("imaging study"),
    "Immunization": _("vaccination"),
    "Medication": _("medication"),
    "MedicationAdministration": _("administration"),
    "MedicationRequest": _("prescription"),
    "MedicationStatement": _("medication entry"),
    "Observation": _("result"),
    "Procedure": _("act"),
    "QuestionnaireResponse": _("questionnaire"),
    "ServiceRequest": _("order"),
}
"""What a clinician calls a resource; its reference stands in the extension of the card."""

ENTRY = _("entry of the record")


def _kind_of(reference: object, language: Language) -> str:
    return render(KINDS.get(str(reference).partition("/")[0], ENTRY), language)


def _template(text: Text, language: Language) -> str:
    """The sentence in the language, English where no catalogue holds it."""
    if text.plural:
        return translated_of_number(text.message, text.plural, text.context, text.domain, _count(text), language)
    if isinstance(text, Term):
        return typographic(text.names.get(language.value, text.message), language)
    return translated(text.message, text.context, text.domain, language)


@lru_cache(maxsize=4096)
def translated(message: str, context: str, domain: str, language: Language) -> str:
    """A message in a language, its placeholders unfilled; English where no catalogue holds it."""
    messages = messages_of(language.value, domain)
    said = messages.pgettext(context, message) if context else messages.gettext(message)
    return typographic(said, language)


@lru_cache(maxsize=4096)
def translated_of_number(message: str, plural: str, context: str, domain: str, number: int, language: Language) -> str:
    """The form of a message that a number asks for."""
    messages = messages_of(language.value, domain)
    said = (
        messages.npgettext(context, message, plural, number) if context else messages.ngettext(message, plural, number)
    )
    return typographic(said, language)


def _count(text: Text) -> int:
    """The number that decides the form; a fraction counts as the whole number above it."""
    number = text.parameters["number"]
    return ceil(number) if isinstance(number, int | Decimal) else 0


def sentence(text: Text, language: Language) -> str:
    """The text with a capital first letter: a summary, a paragraph, a list item."""
    rendered = render(text, language)
    return rendered[:1].upper() + rendered[1:]


_SPACED_SIGN = re.compile(r"[ \u00a0]([:;?!]|»)")
_OPENING_QUOTE = re.compile(r"«[ \u00a0]?")
_CLOSING_QUOTE = re.compile(r"(?<![ \u00a0\u202f])»")
_THOUSANDS = re.compile(r"(?<=\d)[ \u00a0](?=\d{3}(?!\d))")
_BEFORE_A_UNIT = re.compile(
    r"(?<=[\d}]) (?=(?:%|[mµk]?g|[mµn]?mol/L|[mn]?g/mL|g/L|G/L|m?L(?:/min)?|UI|c?Gy|[cm]m|min|ms?|h"
    r"|minutes?|heures?|jours?|semaines?|mois|ans?|fractions?|séances?)(?![\w/]))"
)


@lru_cache(maxsize=4096)
def typographic(prose: str, language: Language) -> str:
    """Prose of ours with the signs of its language; never words of the record, an id, a code or an address.

    French as the Imprimerie nationale has it: a narrow no-break space before « ; : ! ? », inside « » and between thousands,
    a no-break space between a figure and its unit, typographic apostrophes.
    """
    if language is not Language.FRENCH:
        opening, closing = QUOTES[language]
        return prose.replace("«", opening).replace("»", closing)
    prose = _OPENING_QUOTE.sub("«" + NARROW_NO_BREAK_SPACE, prose.replace("'", APOSTROPHE))
    prose = _SPACED_SIGN.sub(NARROW_NO_BREAK_SPACE + r"\1", prose)
    prose = _CLOSING_QUOTE.sub(NARROW_NO_BREAK_SPACE + "»", prose)
    return _BEFORE_A_UNIT.sub(NO_BREAK_SPACE, _THOUSANDS.sub(NARROW_NO_BREAK_SPACE, prose))


_UNTYPED = str.maketrans({NO_BREAK_SPACE: " ", NARROW_NO_BREAK_SPACE: " ", APOSTROPHE: "'", BREAK: ""})


def untyped(prose: str) -> str:
    """The same words with the signs of a keyboard and none that is not seen, for the text of a resource, which programs read."""
    return prose.translate(_UNTYPED)


def _shown(value: object, language: Language) -> str:
    match value:
        case Text():
            return render(value, language)
        case Amount():
            return amount(value, language)
        case When():
            return when(value, language)
        case date():
            return day(value, language)
        case Decimal():
            return number(value, language)
        case int():
            return number(Decimal(value), language)
        case tuple():
            return listed(tuple(_shown(one, language) for one in value), language)
        case _:
            return escape(_in_system(str(value), language))


_ICD_CODE = re.compile(r"ICD-(?=(?:9|10|11)(?:-CM|-PCS)? [A-Z0-9][A-Z0-9.]{1,8}\Z)")
"""How we show a code of the classification of diseases that came without words."""


def _in_system(words: str, language: Language) -> str:
    """The words of the record; a code with the name that its system has in the language: «CIM-10 K10.2»."""
    return _ICD_CODE.sub("CIM-", words, count=1) if language is Language.FRENCH and words.startswith("ICD-") else words


def escape(words: str) -> str:
    """Words of the record on one line, shortened, with the signs of markdown and HTML made harmless, and no link to be found."""
    line = on_one_line(words[:500])
    escaped = _ENTITY.sub(r"\&", _MARKDOWN.sub(r"\\\1", _LINKED.sub(BREAK, line[:120])))
    return _LIST_MARKER.sub(lambda marker: f"{marker[0][:-1]}\\{marker[0][-1]}", escaped)


def plain(markdown: str) -> str:
    """The same words for a field that is no markdown: a summary, a label. Clients may look for links in these too."""
    return _ESCAPED.sub(r"\1", markdown) if "\\" in markdown else markdown


def listed(words: tuple[str, ...], language: Language) -> str:
    """«a, b and c»."""
    if len(words) <= 1:
        return "".join(words)
    return ", ".join(words[:-1]) + LIST_JOINERS[language] + words[-1]


@lru_cache(maxsize=4096)
def number(value: Decimal, language: Language, least_digits: int = 0) -> str:
    """A number in the language's form, with the digits that it has; no comma in English that French reads as a decimal mark."""
    from babel.numbers import format_decimal  # noqa: PLC0415 - loaded with the first number

    exponent = value.normalize().as_tuple().exponent
    digits = min(MOST_DIGITS, max(least_digits, -exponent)) if isinstance(exponent, int) else 0
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    shown = str(format_decimal(rounded, format="#,##0." + "0" * digits, locale=language.value))
    return shown.replace(",", NO_BREAK_SPACE) if language is Language.ENGLISH else shown


def figure(value: int | Decimal, language: Language) -> str:
    """A figure of a table, with the digits that it is written with: «2.00», «2,00»."""
    exponent = Decimal(value).as_tuple().exponent
    return number(Decimal(value), language, -exponent if isinstance(exponent, int) and exponent < 0 else 0)


MOST_DIGITS = 3
"""Digits after the decimal mark that are shown at most; `rounded_beside` adds one where a threshold asks for it."""


def amount(value: Amount, language: Language) -> str:
    """A number, or a range, with its comparator and unit."""
    is_one = value.value == 1 and value.to is None and value.unit in _ONE_OF
    unit = _ONE_OF[value.unit][language is Language.FRENCH] if is_one else shown_unit(value.unit, language)
    space = "" if not unit or unit.startswith("/") else NO_BREAK_SPACE  # «3/10»
    shown = value.comparator + number(value.value, language, value.digits)
    if value.to is not None:
        shown += RANGES[language] + number(value.to, language, value.digits)
    return shown + space + unit


def shown_unit(unit: str, language: Language) -> str:
    """A unit as people write it; one that we do not know is shown as it came."""
    known = _SHOWN_UNITS.get(unit.casefold())
    if known is not None:
        return known[language is Language.FRENCH]
    return escape(unit)


@lru_cache(maxsize=4096)
def day(value: date, language: Language) -> str:
    """A calendar day: «20 Nov 2026», «20 nov. 2026», «1er avr. 2026»."""
    shown = _dated(value, DAYS[language], language)
    return f"1er{shown[1:]}" if language is Language.FRENCH and value.day == 1 else shown


def when(value: When, language: Language) -> str:
    """A day, a month or a year, as far as the record knows."""
    if not value.partial:
        return day(value.first, language)
    if (value.last - value.first).days > 31:
        return str(value.first.year)
    return _dated(value.first, MONTHS_ONLY[language], language)


def _dated(value: date, form: str, language: Language) -> str:
    from babel.dates import format_date  # noqa: PLC0415 - loaded with the first date

    return str(format_date(value, format=form, locale=language.value))


def rounded_beside(value: Decimal, limits: tuple[Decimal, ...], digits: int) -> Decimal:
    """A computed value rounded to so many digits, with more where rounding would hide the side of a threshold."""
    for more in range(digits, digits + 4):
        rounded = value.quantize(Decimal(1).scaleb(-more), rounding=ROUND_HALF_UP)
        if all((value > limit) == (rounded > limit) and (value < limit) == (rounded < limit) for limit in limits):
            return rounded
    return value
