"""Nuclear imaging and biopsy of bone (RAO, médecine nucléaire; histologie)."""

from __future__ import annotations

from mappings.dates import add_months, days_before
from mappings.facts import Act, ActOrder, Facts, Order
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text, _
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.settings import settings_of
from service.rules.bone_metastases.situations import (
    Trigger,
    active_conditions,
    bone_metastasis,
    either,
    named,
    planned_remarks,
    rule,
    that,
    unless_all,
)
from service.rules.outcome import Advice, Indicator, Outcome

BONE_SCINTIGRAPHY = Trigger(
    _("draft order of bone scintigraphy"),
    lambda order: order.is_any(sets.BONE_SCINTIGRAPHY),
)
FDG_PET = Trigger(_("draft order of FDG PET"), lambda order: order.is_any(sets.FDG_PET))
SCINTIGRAPHY_OR_PET = Trigger(
    _("draft order of bone scintigraphy or FDG PET"),
    lambda order: order.is_any(sets.BONE_SCINTIGRAPHY | sets.FDG_PET),
)
BONE_BIOPSY = Trigger(
    _("draft order of a bone biopsy"),
    lambda order: order.is_any(sets.BONE_BIOPSY),
)

FLARE_MONTHS = 6
"""Calendar months after the start of a systemic treatment in which a flare mimics progression (RAO §1.2, §2)."""


@rule(
    "bone-scan-after-fdg-pet",
    title=_(
        "After an FDG PET a bone scintigraphy is not indicated for staging",
    ),
    citations=(rao("nuclear", "§1.1, box"),),
    trigger=BONE_SCINTIGRAPHY,
    needs=("procedures", "imaging"),
    severest=Indicator.WARNING,
    problem="bone-scan",
    reading=_(
        "A PET whose tracer is not coded does not count as an FDG PET.",
    ),
)
def bone_scan_after_fdg_pet(_order: Order, patient: Facts) -> Outcome:
    """An FDG PET done within the setting's days."""
    since = days_before(patient.today, settings_of(patient).fdg_pet_valid_days)

    def counts(act: Act) -> bool | None:
        if not act.is_any(sets.FDG_PET):
            return False
        when = act.dated
        return None if when is None else when.within(since, patient.today)

    done = tuple(act for acts in (patient.procedures, patient.imaging) for act in acts if counts(act))
    blocked = unless_all(
        that(
            _(
                "an FDG PET was done in the last {days} days",
                days=settings_of(patient).fdg_pet_valid_days,
            ),
            either(patient.procedures.any(counts), patient.imaging.any(counts)),
            patient.procedures,
            patient.imaging,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        _(
            "Bone scintigraphy after FDG PET: not indicated for staging",
        ),
        (
            _(
                "It is less sensitive than the FDG PET that was done.",
            ),
        ),
        done,
    )


@rule(
    "bone-scan-flare",
    title=_(
        "In the first six months of a systemic treatment a flare mimics progression",
    ),
    citations=(rao("nuclear", "§1.2, §2"), rao("drugs", "box")),
    trigger=SCINTIGRAPHY_OR_PET,
    needs=("exposures",),
    severest=Indicator.INFO,
    reading=_(
        "Renewed orders of one drug are one treatment: it starts with the first of them.",
    ),
)
def bone_scan_flare(order: Order, patient: Facts) -> Outcome:
    """Planned less than six months after the earliest start of the systemic drugs still ongoing."""
    exposures = patient.exposures.of(sets.SYSTEMIC_ANTICANCER)
    ongoing = tuple(entry for entry in exposures.entries if entry.ongoing)
    courses = [patient.exposures.of(entry.drug.concepts).last_course for entry in ongoing if entry.first is not None]
    starts = [course.first for course in courses if course is not None]
    undated = any(entry.first is None for entry in ongoing)
    earliest = min(starts, default=None)
    sixth_month = None if earliest is None else add_months(earliest, FLARE_MONTHS)
    early: bool | None
    if sixth_month is not None and order.planned.when.first >= sixth_month:
        early = False
    elif undated or exposures.gaps:
        early = None
    else:
        early = sixth_month is not None
    blocked = unless_all(
        that(
            _(
                "it is planned less than six months after the start of a systemic treatment still ongoing",
            ),
            early,
            exposures,
        )
    )
    if blocked:
        return blocked
    if order.is_any(sets.BONE_SCINTIGRAPHY):
        advice = _(
            "A flare mimics progression: plan the scintigraphy after the sixth month (from {day}).",
            day=sixth_month,
        )
    else:
        advice = _(
            "A flare mimics progression: read the PET with the whole context.",
        )
    return Advice(
        Indicator.INFO,
        _(
            "{act} within six months of a systemic treatment: beware of a flare",
            act=named(order),
        ),
        (advice, _("Do not stop the drug for a flare.")),
        ongoing,
        remarks=planned_remarks(order),
    )


@rule(
    "bone-scan-routine-follow-up",
    title=_(
        "No routine bone scintigraphy in the follow-up of known bone metastases",
    ),
    citations=(rao("nuclear", "§1.2, box"),),
    trigger=BONE_SCINTIGRAPHY,
    needs=("conditions",),
    severest=Indicator.INFO,
    problem="bone-scan",
    reading=_(
        "A reason other than the cancer, its bone metastases or their follow-up counts as a clinical question.",
    ),
)
def bone_scan_routine_follow_up(order: ActOrder, patient: Facts) -> Outcome:
    """Bone scintigraphy ordered with a known bone metastasis and no new pain or clinical question as its reason."""
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        that(
            _(
                "no reason names new bone pain or a clinical question",
            ),
            None if order.reasons_unresolved else not order.asks_a_question,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _(
            "Bone scintigraphy: not routine in follow-up of bone metastases",
        ),
        (
            _(
                "For new bone pain or a clinical question only: name it as the reason.",
            ),
        ),
        metastasis.basis,
    )


@rule(
    "fdg-pet-coverage",
    title=_(
        "An FDG PET in lung cancer includes at least the femurs",
    ),
    citations=(rao("nuclear", "box"),),
    trigger=FDG_PET,
    needs=("conditions",),
    severest=Indicator.INFO,
)
def fdg_pet_coverage(order: Order, patient: Facts) -> Outcome:
    """FDG PET ordered in lung cancer."""
    cancers = active_conditions(patient, sets.LUNG_CANCER)
    is_reason = not order.reasons.isdisjoint(sets.LUNG_CANCER)
    blocked = unless_all(
        that(
            _("a lung cancer is on record"),
            is_reason or patient.conditions.any(lambda one: one.active and one.is_any(sets.LUNG_CANCER)),
            patient.conditions,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        _("FDG PET: include at least the femurs"),
        (
            _(
                "Metastases of the femurs otherwise lie outside the field.",
            ),
        ),
        cancers[:1],
    )


@rule(
    "bone-biopsy-handling",
    title=_(
        "A bone biopsy is taken, fixed and decalcified so that molecular tests stay possible",
    ),
    citations=(rao("histology", "§1, §2, §4, box"),),
    trigger=BONE_BIOPSY,
    needs=("conditions", "exposures"),
    severest=Indicator.INFO,
    reading=_(
        "The box names EDTA, the text EDTA or formic acid: both are said.",
    ),
)
def bone_biopsy_handling(order: Order, patient: Facts) -> Outcome:
    """Every order of a bone biopsy."""
    adenocarcinoma = patient.conditions.any(
        lambda one: one.is_any(sets.LUNG_ADENOCARCINOMA)
    ) or not order.reasons.isdisjoint(sets.LUNG_ADENOCARCINOMA)
    squamous = patient.conditions.any(
        lambda one: one.is_any(sets.LUNG_SQUAMOUS_CARCINOMA)
    ) or not order.reasons.isdisjoint(sets.LUNG_SQUAMOUS_CARCINOMA)
    unknown = not adenocarcinoma and not squamous
    detail = [
        _(
            "Periphery of the lesion, two 14 G cores of about 1 cm; formalin at least 6 hours; decalcification with "
            "EDTA or formic "
            "acid, never a strong acid; one core a cassette.",
        )
    ]
    if adenocarcinoma or unknown:
        detail.append(
            _(
                "Adenocarcinoma: all biomarkers, EGFR, ALK and KRAS first.",
            )
        )
    tkis = tuple(entry for entry in patient.exposures.of(sets.TYROSINE_KINASE_INHIBITORS).entries if entry.ongoing)
    if unknown or (squamous and not tkis):
        detail.append(_("Squamous carcinoma: no molecular search."))
    if tkis:
        detail.append(
            _(
                "{drug} is ongoing: look for resistance mutations.",
                drug=tkis[0].drug.name,
            )
        )
    shown = tuple(
        one for one in patient.conditions if one.is_any(sets.LUNG_ADENOCARCINOMA | sets.LUNG_SQUAMOUS_CARCINOMA)
    )
    remarks: tuple[Text, ...] = ()
    if patient.exposures.gaps and not tkis:
        remarks = (
            _(
                "Whether a tyrosine kinase inhibitor is taken could not be looked up",
            ),
        )
    return Advice(
        Indicator.INFO,
        _("Bone biopsy: sampling and decalcification"),
        tuple(detail),
        (order, *shown, *tkis),
        remarks=remarks,
    )
