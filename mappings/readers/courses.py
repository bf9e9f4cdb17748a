"""External radiotherapy from Procedures, ServiceRequests and the extensions of mCODE and CodeX radiotherapy 2.0.

One course is told by many resources (course, phase, plan, fraction, and updates of each): they are joined by `partOf`,
`basedOn` and shared identifiers. Brachytherapy and radionuclides are not meant (`rules.md`, chapter B).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from mappings.dates import When
from mappings.evidence import Resource, local_reference, reference_of
from mappings.facts.radiotherapy import Prescription, RadiotherapyCourse, Target, Volume, reckoned_end
from mappings.quantities import decimal_of
from mappings.readers.acts import BEGUN, OVER, UNDER_WAY, act_standing, reason_concepts, reason_regions
from mappings.readers.reader import Reader
from mappings.readers.shapes import codings, shown_words
from mappings.readers.sites import regions_of, site_concepts
from mappings.readers.standing import says_it_is_absent, standing
from mappings.shapes import a_map, a_text, maps
from mappings.values import value
from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.concepts import Recognised
from mappings.vocabulary.elements import ORDER_STATUS
from mappings.vocabulary.units import normalised_unit
from mappings.wording import Text, _

_CODEX = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-"
_MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-"

TECHNIQUE = f"{_MCODE}radiotherapy-modality-and-technique"
INTENT = f"{_MCODE}procedure-intent"
DOSES = (
    f"{_CODEX}radiotherapy-dose-prescribed-to-volume",
    f"{_CODEX}radiotherapy-dose-planned-to-volume",
    f"{_MCODE}radiotherapy-dose-delivered-to-volume",
)
FRACTIONS = tuple(f"{_CODEX}radiotherapy-fractions-{kind}" for kind in ("prescribed", "planned", "delivered"))

_LEVELS = {code: level for level, code in enumerate(("1217123003", "1222565005", "1255724003", "1297069006"))}
"""Course, phase, plan, fraction (SNOMED CT); any other code of radiotherapy counts as a course."""

REIRRADIATION = f"{_CODEX}radiotherapy-course-involves-reirradiation"

_GRAY = {"gy": Decimal(1), "cgy": Decimal("0.01"), "mgy": Decimal("0.001")}


# --- what a resource says ---------------------------------------------------------------------------------------------


def technique(reader: Reader, resource: Resource) -> Recognised:
    """Modality and technique, from the mCODE extension."""
    coded: list[Mapping[str, Any]] = []
    for extension in _extensions(resource, (TECHNIQUE,)):
        for part in maps(extension.get("extension")):
            coded += codings(part.get("valueCodeableConcept"))
    return reader.terminology.recognise(coded)


def intents_of(reader: Reader, resource: Resource) -> frozenset[str]:
    """Curative, palliative, prophylactic: the mCODE extension of a procedure or its order."""
    coded: list[Mapping[str, Any]] = []
    for extension in _extensions(resource, (INTENT,)):
        coded += codings(extension.get("valueCodeableConcept"))
    return reader.terminology.recognise(coded).concepts


def is_external_radiotherapy(reader: Reader, resource: Resource) -> bool:
    """A Procedure or ServiceRequest of external radiotherapy; one whose technique is brachytherapy is none."""
    recognised = reader.terminology.recognise(_codes(resource))
    if recognised.concepts.isdisjoint(sets.RADIOTHERAPY):
        return False
    return not technique(reader, resource).denied and not recognised.denied


def _codes(resource: Resource) -> list[Mapping[str, Any]]:
    coded = codings(resource.get("code"))
    for detail in maps(resource.get("orderDetail")):
        coded += codings(detail)
    return coded


def _extensions(resource: Resource, urls: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    return (extension for extension in maps(resource.get("extension")) if extension.get("url") in urls)


def prescription(reader: Reader, resource: Resource) -> Prescription:
    """Target, technique, intent, dose and fractions that one radiotherapy resource states."""
    reasons = reason_concepts(reader, resource) | _reason_sites(reader, resource)
    techniques = technique(reader, resource).concepts | reader.terminology.recognise(_codes(resource)).concepts
    return Prescription(
        target_of(sites_of(reader, resource), reasons),
        _regions(reader, resource),
        stereotactic=not techniques.isdisjoint(sets.STEREOTACTIC_RADIOTHERAPY),
        curative=not intents_of(reader, resource).isdisjoint(sets.CURATIVE_INTENT),
        reirradiation=any(one.get("valueBoolean") is True for one in _extensions(resource, (REIRRADIATION,))),
        volumes=tuple(_volumes(resource)),
        unresolved=tuple(_unresolved(reader, resource)),
    )


def _regions(reader: Reader, resource: Resource) -> frozenset[str]:
    """The bones of body sites and volumes; where they name none, of the reasons."""
    regions = regions_of(reader, resource.get("bodySite"))
    for volume in _volume_structures(reader, resource):
        regions |= regions_of(reader, volume.get("location"), volume.get("locationQualifier"))
    return regions or reason_regions(reader, resource)


def _unresolved(reader: Reader, resource: Resource) -> Iterator[Text]:
    """The volumes that are referred to and could not be looked up."""
    for reference in _volume_references(resource):
        if reader.referred(resource, reference) is None:
            yield _(
                "the volume could not be looked up",
                source=local_reference(reference),
            )


def sites_of(reader: Reader, resource: Resource) -> frozenset[str]:
    """The site concepts of body sites and volumes."""
    sites = site_concepts(reader, resource.get("bodySite"))
    for volume in _volume_structures(reader, resource):
        sites |= site_concepts(reader, volume.get("location"))
    return sites


def target_of(sites: frozenset[str], reasons: frozenset[str]) -> Target:
    """A bone site, or a bone metastasis as reason, is bone; another known site is not; a mere region is unstated."""
    if not sites.isdisjoint(sets.ANY_BONE) or not reasons.isdisjoint(sets.BONE_METASTASIS):
        return Target.BONE
    if not sites.isdisjoint(sets.NOT_BONE):
        return Target.OTHER
    return Target.UNSTATED


def _reason_sites(reader: Reader, resource: Resource) -> frozenset[str]:
    """A reason that is a secondary tumour of a bone by its body site."""
    for reference in maps(resource.get("reasonReference")):
        target = reader.referred(resource, reference)
        if target is None:
            continue
        concepts = reader.recognise(target.get("code")).concepts
        sites = site_concepts(reader, target.get("bodySite"))
        if not concepts.isdisjoint(sets.METASTASIS_SITE_UNSTATED) and not sites.isdisjoint(sets.ANY_BONE):
            return sets.BONE_METASTASIS
    return frozenset()


def _volume_references(resource: Resource) -> Iterator[Mapping[str, Any]]:
    for extension in _extensions(resource, DOSES):
        for part in maps(extension.get("extension")):
            reference = a_map(part.get("valueReference"))
            if part.get("url") == "volume" and reference:
                yield reference


def _volume_structures(reader: Reader, resource: Resource) -> Iterator[Resource]:
    for reference in _volume_references(resource):
        found = reader.referred(resource, reference)
        if found is not None:
            yield found


def _volumes(resource: Resource) -> Iterator[Volume]:
    general = _general_fractions(resource)
    stated = [_volume(extension, general) for extension in _extensions(resource, DOSES)]
    if not stated and general is not None:
        stated = [Volume(None, general)]
    yield from stated


def _volume(extension: Mapping[str, Any], general: int | None) -> Volume:
    """One dose extension: total dose, else dose a fraction times fractions; fractions of it, else of the whole order."""
    parts = {a_text(part.get("url")): part for part in maps(extension.get("extension"))}
    dose = gray(a_map((parts.get("totalDose") or parts.get("totalDoseDelivered") or {}).get("valueQuantity")))
    each = gray(a_map(parts.get("fractionDose", {}).get("valueQuantity")))
    fractions = _count(parts.get("fractions") or parts.get("fractionsDelivered") or {}) or general
    if dose is None and each is not None and fractions is not None:
        dose = each * fractions
    if fractions is None and dose is not None and each is not None and each * int(dose / each) == dose:
        fractions = int(dose / each)  # the remainder of an absurd dose by a tiny one cannot be computed
    return Volume(dose, fractions, each)


def _general_fractions(resource: Resource) -> int | None:
    return next(
        (count for extension in _extensions(resource, FRACTIONS) if (count := _count(extension)) is not None), None
    )


def _count(part: Mapping[str, Any]) -> int | None:
    for name in ("valuePositiveInt", "valueUnsignedInt", "valueInteger"):
        number = decimal_of(part.get(name))
        if number is not None and number > 0 and number == int(number):
            return int(number)
    return None


def gray(quantity: Mapping[str, Any]) -> Decimal | None:
    """A dose in Gy, from Gy, cGy or mGy; None for anything else."""
    value = decimal_of(quantity.get("value"))
    unit = normalised_unit(a_text(quantity.get("code")) or a_text(quantity.get("unit")))
    factor = _GRAY.get(unit)
    if value is None or factor is None or value <= 0 or quantity.get("comparator") or says_it_is_absent(quantity):
        return None
    return value * factor


def added_phases(phases: Iterable[Prescription]) -> tuple[Volume, ...]:
    """The doses and fractions of the phases of one course, added: the highest volume of each."""
    volumes = [volume for phase in phases if (volume := phase.highest) is not None]
    doses = [volume.dose_gy for volume in volumes if volume.dose_gy is not None]
    fractions = [volume.fractions for volume in volumes if volume.fractions is not None]
    return (Volume(sum(doses) or None, sum(fractions) or None),) if doses or fractions else ()


# --- courses of the record --------------------------------------------------------------------------------------------


@value
class _Told:
    """One Procedure or order of radiotherapy."""

    source: str
    resource: Resource
    level: int
    status: str
    first: When | None
    last: When | None
    updated: str
    is_order: bool
    unsure: Text | None


def courses(
    reader: Reader, procedures: Iterable[tuple[str, Resource]], orders: Iterable[tuple[str, Resource]]
) -> tuple[RadiotherapyCourse, ...]:
    """The courses that the Procedures of a record tell, each once, and those that a completed order alone tells.

    An order of a course that was begun adds what it says of target, dose and planned end.
    """
    told = [
        one
        for source, resource in procedures
        if is_external_radiotherapy(reader, resource) and (one := _told(reader, resource, source)) is not None
    ]
    told += [
        one
        for source, resource in orders
        if is_external_radiotherapy(reader, resource)
        and (one := _told(reader, resource, source, is_order=True)) is not None
    ]
    groups = [group for group in _joined(told) if any(_tells_a_course(one) for one in group)]
    return tuple(course for group in _neighbours(reader, groups) for course in _courses(reader, group))


GIVEN = BEGUN | {"stopped"}
"""A course that was broken off was given in part."""

CARRIED_OUT = frozenset({"active", "completed", "on-hold"})
"""An order that is carried out, or was: `completed` says that what it describes was done (FHIR R4, request-status)."""

NOT_CARRIED_OUT = frozenset({"draft", "proposed", "cancelled", "entered-in-error", "stopped"})


def _tells_a_course(one: _Told) -> bool:
    """It was given, or may have been: by a Procedure, or by an order that is completed or does not tell."""
    return not one.is_order or one.status == "completed" or one.unsure is not None


def _courses(reader: Reader, group: Sequence[_Told]) -> Iterator[RadiotherapyCourse]:
    """What is certain of a course; beside it the whole, where some of it may not have been given."""
    certain = [one for one in group if one.unsure is None]
    if any(_tells_a_course(one) for one in certain):
        yield _course(reader, certain)
    why = next((one.unsure for one in group if one.unsure is not None), None)
    if why is not None:
        yield replace(_course(reader, group), unsure=why)


SESSION_GAP_DAYS = 7
"""Sessions of one region that are told without a course and lie no further apart are one course; a setting of ours."""


def _neighbours(reader: Reader, groups: list[list[_Told]]) -> list[list[_Told]]:
    """The groups, with single sessions of one region that follow each other joined."""
    joined: list[list[_Told]] = []
    regions_before: frozenset[str] | None = None
    end_before: date | None = None
    for group in sorted(groups, key=lambda group: (_begin(group), group[0].source)):
        regions = frozenset().union(*(prescription(reader, one.resource).regions for one in group))
        end = max((one.last.last for one in group if one.last is not None), default=None)
        linked = any(one.resource.get("basedOn") or one.resource.get("partOf") for one in group)
        near = end_before is not None and (_begin(group) - end_before).days <= SESSION_GAP_DAYS
        if near and not linked and regions == regions_before:
            joined[-1].extend(group)
        else:
            joined.append(list(group))
            end_before = None
        regions_before = None if linked else regions
        end_before = max(filter(None, (end_before, end)), default=None)
    return joined


def _begin(group: Sequence[_Told]) -> date:
    return min((one.first.first for one in group if one.first is not None), default=date.max)


_KINDS = ("DateTime", "Period")
"""What tells when an order happens, and in R5 an act; in R4 an act was `performed`."""


def _told(reader: Reader, resource: Resource, source: str, *, is_order: bool = False) -> _Told | None:
    """What one resource tells; None for what was not given."""
    if is_order:
        stands = standing(resource, ORDER_STATUS, counting=CARRIED_OUT, never=NOT_CARRIED_OUT)
    else:
        stands = act_standing(resource, counting=GIVEN)
    if stands.counts is False:
        return None
    level = min((_LEVELS[code] for code in _code_values(resource) if code in _LEVELS), default=0)
    happens = "performed" if not is_order and any(f"performed{kind}" in resource for kind in _KINDS) else "occurrence"
    single = reader.date(resource.get(f"{happens}DateTime"))
    start, end = reader.period(resource.get(f"{happens}Period"))
    first, last = start or single, end or single
    if not is_order and stands.status in OVER and reader.lies_ahead(first or last):
        first = last = None
    updated = a_text(a_map(resource.get("meta")).get("lastUpdated"))
    return _Told(
        source, resource, level, stands.status, first or last, last, updated, is_order=is_order, unsure=stands.why
    )


def _code_values(resource: Resource) -> list[str]:
    return [a_text(coding.get("code")) for coding in codings(resource.get("code"))]


def links_of(resource: Resource) -> set[str]:
    """What joins a resource to others of its course: itself, what it is part of or based on, its identifiers.

    A phase, plan or fraction that names its course is not joined by a local identifier: phases of two courses are both
    called "Primary".
    """
    named = {
        local
        for name in ("partOf", "basedOn")
        for reference in maps(resource.get(name))
        if (local := local_reference(reference))
    }
    links = ({reference_of(resource)} - {""}) | named
    is_named_part = bool(named) and any(_LEVELS.get(code, 0) > 0 for code in _code_values(resource))
    for identifier in maps(resource.get("identifier")):
        value = a_text(identifier.get("value"))
        if value and (not is_named_part or value.startswith("urn:")):
            links.add(f"identifier {a_text(identifier.get('system'))} {value}")
    return links


def _joined(told: Sequence[_Told]) -> list[list[_Told]]:
    """What links join, each link looked at once: records hold thousands of fractions."""
    root = list(range(len(told)))

    def top(place: int) -> int:
        while root[place] != place:
            root[place] = place = root[root[place]]
        return place

    first_of: dict[str, int] = {}
    for place, one in enumerate(told):
        for link in links_of(one.resource):
            ends = sorted((top(first_of.setdefault(link, place)), top(place)))
            root[ends[1]] = ends[0]
    groups: dict[int, list[_Told]] = {}
    for place, one in enumerate(told):
        groups.setdefault(top(place), []).append(one)
    return list(groups.values())


def _course(reader: Reader, group: Sequence[_Told]) -> RadiotherapyCourse:
    """One course; dates are those of its Procedures, of a completed order only where there is no Procedure."""
    acts = [one for one in group if not one.is_order] or [one for one in group if _tells_a_course(one)]
    top = min(one.level for one in acts)
    newest = max(
        (one for one in acts if one.level == top),
        key=lambda one: (one.updated, one.last.last if one.last else date.min, one.source),
    )
    said = [prescription(reader, one.resource) for one in group]
    sites: frozenset[str] = frozenset().union(*(sites_of(reader, one.resource) for one in group))
    firsts = [one.first for one in acts if one.first is not None]
    lasts = [one.last for one in acts if one.last is not None]
    is_open = not newest.is_order and all(when.last > reader.clock.today for when in lasts)
    may_go_on = is_open and newest.unsure is not None and newest.status not in OVER
    under_way = newest.status in UNDER_WAY or may_go_on
    first = min(firsts, key=lambda when: when.first, default=None)
    last = max(lasts, key=lambda when: when.last, default=None)
    planned_ends = [
        one.last
        for one in group
        if one.last is not None and one.last != one.first and (one.is_order or (under_way and _ahead(reader, one, top)))
    ]
    planned_end = max(planned_ends, key=lambda when: when.last, default=None) or _reckoned_end(first, said)
    targets = {one.target for one in said}
    target = Target.BONE if Target.BONE in targets else Target.OTHER if Target.OTHER in targets else Target.UNSTATED
    recognised = reader.recognise(newest.resource.get("code"))
    return RadiotherapyCourse(
        sources=tuple(sorted({one.source for one in group if one.source})),
        name=shown_words(newest.resource.get("code")),
        target=target,
        regions=frozenset().union(*(one.regions for one in said)),
        sites=sites,
        first=first,
        last=None if under_way else last,
        under_way=under_way,
        undated=not under_way and last is None,
        stereotactic=any(one.stereotactic for one in said),
        curative=any(one.curative for one in said),
        planned_end=planned_end if under_way or last is None else None,
        unverified_code=recognised.rests_on_unverified,
        highest=_highest(said),
    )


def _ahead(reader: Reader, one: _Told, top: int) -> bool:
    """The period of a course that is under way ends later: that is its planned end. One that ended says how far it has come."""
    return one.level == top and one.last is not None and one.last.first > reader.clock.today


def _highest(said: Iterable[Prescription]) -> Volume | None:
    """Of all that the resources of a course state, the volume of the highest dose, best one with its fractions."""
    volumes = [volume for one in said if (volume := one.highest) is not None and volume.dose_gy is not None]
    return max(volumes, key=lambda volume: (volume.dose_gy or Decimal(0), volume.fractions or 0), default=None)


def _reckoned_end(first: When | None, said: Iterable[Prescription]) -> When | None:
    fractions = [volume.fractions for one in said for volume in one.volumes if volume.fractions is not None]
    return reckoned_end(first, max(fractions, default=None))


def with_phases(own: Prescription, phases: Sequence[Prescription]) -> Prescription:
    """A course's prescription with what only its phases state."""
    if not phases:
        return own
    regions = own.regions.union(*(phase.regions for phase in phases))
    target = own.target
    if target is Target.UNSTATED:
        target = next((phase.target for phase in phases if phase.target is not Target.UNSTATED), target)
    volumes = own.volumes if own.highest is not None else added_phases(phases)
    return replace(
        own,
        target=target,
        regions=regions,
        stereotactic=own.stereotactic or any(phase.stereotactic for phase in phases),
        curative=own.curative or any(phase.curative for phase in phases),
        reirradiation=own.reirradiation or any(phase.reirradiation for phase in phases),
        volumes=volumes,
        unresolved=(*own.unresolved, *(text for phase in phases for text in phase.unresolved)),
    )
