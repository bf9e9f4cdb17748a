"""How a card names an order, an act, a condition, a date, a stretch of days."""

from __future__ import annotations

from mappings.dates import When
from mappings.facts import Act, ActOrder, Diagnosis, DrugOrder, Order, RadiotherapyOrder
from mappings.facts.bones import named_bones
from mappings.vocabulary.concept_names import name_of_act, name_of_diagnosis
from mappings.vocabulary.concept_sets import CEMENTOPLASTY, STEREOTACTIC_RADIOTHERAPY
from mappings.vocabulary.units import MONTH, WEEK, YEAR
from mappings.wording import Text, _, _c, _n, of_resource

MOST_IN_A_SENTENCE = 3
"""How many of a kind (reasons, drugs, doses) one sentence names at most."""


def called(entry: Act | Diagnosis) -> Text | str:
    """The record's own words for an act or a condition; ours where it gives codes only; else where it stands."""
    ours = name_of_act(entry.concepts) if isinstance(entry, Act) else name_of_diagnosis(entry.concepts)
    return entry.name or ours or of_resource(entry.source)


def named(order: Order) -> Text:
    """The drug or act of an order as a card names it; the record's own words where it is none of ours."""
    if isinstance(order, DrugOrder):
        return order.name
    act = order.name
    if isinstance(order, RadiotherapyOrder) and order.prescription.stereotactic:
        act = name_of_act(STEREOTACTIC_RADIOTHERAPY) or act
    else:
        act = name_of_act(order.concepts) or act
    second = name_of_act(order.concepts & CEMENTOPLASTY) if isinstance(order, RadiotherapyOrder) else None
    return act if second is None else _("{all}", all=(act, second))


def site_of(order: Order) -> tuple[Text, ...]:
    """The bones that an order names, with their side; none where it names none, or too many."""
    if isinstance(order, RadiotherapyOrder):
        return named_bones(order.prescription.regions)
    return named_bones(order.regions) if isinstance(order, ActOrder) else ()


def act_at(order: Order, act: Text | None = None) -> Text:
    """The drug or act of an order with its bone and side: «radiotherapy (right femur)»."""
    called_so, site = act or named(order), site_of(order)
    return _("{act} ({bones})", act=called_so, bones=site) if site else called_so


def done_at(words: Text | str, regions: frozenset[str]) -> Text | str:
    """What was done, in these words, with the bones and sides of its region: «Nailing (left femur)»."""
    bones = named_bones(regions)
    return _("{act} ({bones})", act=words, bones=bones) if bones else words


def on(when: When | None) -> Text:
    """A date after a verb: «on» it in French where the day is known, «in» it where the record has only a month or a year."""
    if when is None:
        return _("undated")
    if when.partial:
        return _c("in a month or year, after a verb", "{when}", when=when)
    return _c("on a day, after a verb", "{when}", when=when)


def planned_remarks(order: Order) -> tuple[Text, ...]:
    """That today was taken for the planned date, or that it is partial, on a card that reckons with it."""
    if order.planned.when.partial:
        return (_("The planned date is partial"),)
    if not order.planned.assumed:
        return ()
    return (_("No planned date is stated: today was taken"),)


def lasting(days: int) -> Text:
    """So many days as the sources count a window: in weeks where the weeks are whole."""
    return a_time(days) if days % WEEK else _("{weeks} weeks", weeks=days // WEEK)


HALF_A_YEAR = 183
"""Days that are said as six months."""

FEWEST_MONTHS = 2
"""A single month is not said: its days stand in the sources as such."""


def a_time(days: int) -> Text:
    """So many days as a person says them: in years and months where these are whole."""
    if days and not days % YEAR:
        return _n("{number} year", "{number} years", days // YEAR)
    if days == HALF_A_YEAR or (not days % MONTH and days >= FEWEST_MONTHS * MONTH):
        return _n("{number} month", "{number} months", days // MONTH)
    return _n("{number} day", "{number} days", days)
