"""Whether a resource counts: its status, the flags that say "not", and what changes its meaning in ways we do not know.

`rules.md`, "Never «given», «done» or «none» by default": what counts is an allow-list; what is not understood never counts
and never fails to count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mappings.evidence import ONE_OF_SEVERAL, Resource
from mappings.shapes import a_map, a_text, maps
from mappings.values import value
from mappings.vocabulary import elements
from mappings.vocabulary.elements import ABSENT, NOT_UNDERSTOOD, Element
from mappings.wording import Text, _, of_resource, verbatim

NO_STATUS = _("it has no status: have it sent")
STATUS_NOT_UNDERSTOOD = _("its status is not one that the service knows: have it corrected")
NOT_SAID = _("its status does not tell whether it counts")
FLAG_NOT_UNDERSTOOD = _("it carries a flag that may deny it, and that the service does not know")
MODIFIED = _("it carries a modifier that the service does not know, and that may change what it means")
SEVERAL_VERSIONS = _("it was sent in versions that differ, and none is known to be the newest")
BY_RULES = _("it is to be read by rules that the service does not know")


@value
class Standing:
    """Its status as a code of R4; whether it counts (None: nobody can tell), and then why it cannot be told."""

    status: str
    counts: bool | None
    why: Text | None = None


def standing(resource: Resource, status: Element, *, counting: frozenset[str], never: frozenset[str]) -> Standing:
    """Whether a resource counts by its status; a status in neither set does not tell."""
    said = status.of(resource)
    if said in never:
        return Standing(said, counts=False)
    denied, why = denial(resource)
    if denied:
        return Standing(said, counts=False)
    why = why or modification(resource)
    if why is None and said not in counting:
        why = {ABSENT: NO_STATUS, NOT_UNDERSTOOD: STATUS_NOT_UNDERSTOOD}.get(said, NOT_SAID)
    return Standing(said, counts=None if why is not None else True, why=why)


def denial(resource: Resource) -> tuple[bool, Text | None]:
    """Whether a flag of some FHIR version or profile denies the resource; else why that cannot be told."""
    told = {member: resource[member] for member in resource if elements.denying(member)}
    if "extension" in resource:
        told = {**dict(_in_extensions(resource)), **told}
    if not told:
        return False, None
    named = {member: elements.denying(member) for member in told}
    taken = elements.TAKEN.of(told)
    said = {elements.FLAGS[name].read(told[member]) for member, name in named.items() if name in elements.FLAGS}
    if "true" in said or taken in ("n", "na"):
        return True, None
    others = named.keys() - {*elements.TAKEN.fields, *elements.REASONS_OF_DENIAL}
    said |= {elements.ANOTHER_FLAG.read(told[one]) for one in others if named[one] not in elements.FLAGS}
    reasons = any(told.get(name) for name in elements.REASONS_OF_DENIAL)
    unsure = reasons or not said <= {"false"} or taken in (NOT_UNDERSTOOD, "unk")
    return False, FLAG_NOT_UNDERSTOOD if unsure else None


_STEPS, _WORDS = re.compile(r"[/:#]"), re.compile(r"[-.]")


def _in_extensions(resource: Resource) -> Iterator[tuple[str, object]]:
    """The flags that extensions carry, by the last word of their address: between versions of FHIR, of a profile, of a system.

    HL7 FHIR 4.0.1, "Extensions for converting between versions": `.../extension-Procedure.notDone`; QI-Core: `qicore-notDone`.
    """
    for extension in maps(resource.get("extension")):
        last = _STEPS.split(a_text(extension.get("url")).rstrip("/"))[-1]
        names = (last, _WORDS.split(last)[-1])
        if name := next((one for one in names if elements.denying(one)), ""):
            said = [told for member, told in extension.items() if member.startswith("value")]
            yield name, said[0] if said else elements.NOT_UNDERSTOOD


def modification(node: Mapping[str, Any]) -> Text | None:
    """Why a node does not mean what it seems to: a modifier, or rules, that we do not know."""
    if ONE_OF_SEVERAL in node:
        return SEVERAL_VERSIONS
    if node.get("implicitRules") or node.get("_implicitRules"):
        return BY_RULES
    return MODIFIED if node.get("modifierExtension") else None


_SAYS_THAT_IT_IS_ABSENT = ("data-absent-reason", "nullflavor")
"""How the addresses of HL7's extensions end that say that a value is none: `data-absent-reason`, `iso21090-nullFlavor`."""


def says_it_is_absent(node: Mapping[str, Any]) -> bool:
    """An extension of a value, or of its number, says that there is none."""
    extended = (node, *(a_map(node.get(name)) for name in ("_value", "_code") if name in node))
    return any(
        a_text(extension.get("url")).casefold().endswith(_SAYS_THAT_IT_IS_ABSENT)
        for one in extended
        if "extension" in one
        for extension in maps(one.get("extension"))
    )


def modified_nodes(resource: Resource, *names: str) -> Iterator[Text]:
    """Why nodes of a resource (its dosage lines, say) do not mean what they seem to."""
    for name in names:
        for node in maps(resource.get(name)):
            for one in (node, *maps(node.get("timing"))):
                if (why := modification(one)) is not None:
                    yield why


def uncertain(name: Text | str, source: str, why: Text) -> Text:
    """That an entry of the record may or may not count, and why."""
    said = verbatim(name) if isinstance(name, str) else name
    return _("{entry}: {why}", entry=said if said.message else of_resource(source), why=why)
