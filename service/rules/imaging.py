"""Nuclear imaging and biopsy of bone (RAO, médecine nucléaire; histologie)."""

from __future__ import annotations

from mappings import concept_sets as sets
from mappings.dates import add_months, days_before
from mappings.facts import Act, Facts, Order
from mappings.wording import Text
from service.rules.citation import rao
from service.rules.outcome import Advice, Indicator, Outcome, unless_all
from service.rules.rule import Trigger, rule
from service.rules.situations import (
    active_conditions,
    bone_metastasis,
    either,
    named,
    planned_remarks,
    that,
)

BONE_SCINTIGRAPHY = Trigger(
    Text("draft order of bone scintigraphy", "prescription de scintigraphie osseuse"),
    lambda order: order.is_any(sets.BONE_SCINTIGRAPHY),
)
FDG_PET = Trigger(
    Text("draft order of FDG PET", "prescription de TEP au FDG"), lambda order: order.is_any(sets.FDG_PET)
)
SCINTIGRAPHY_OR_PET = Trigger(
    Text("draft order of bone scintigraphy or FDG PET", "prescription de scintigraphie osseuse ou de TEP au FDG"),
    lambda order: order.is_any(sets.BONE_SCINTIGRAPHY | sets.FDG_PET),
)
BONE_BIOPSY = Trigger(
    Text("draft order of a bone biopsy", "prescription de biopsie osseuse"),
    lambda order: order.is_any(sets.BONE_BIOPSY),
)

FLARE_MONTHS = 6
"""Calendar months after the start of a systemic treatment in which a flare mimics progression (RAO §1.2, §2)."""


@rule(
    "bone-scan-after-fdg-pet",
    title=Text(
        "After an FDG PET a bone scintigraphy is not indicated for staging",
        "Après une TEP au FDG une scintigraphie osseuse n'est pas indiquée pour le bilan d'extension",
    ),
    citations=(rao("nuclear", "§1.1, box"),),
    trigger=BONE_SCINTIGRAPHY,
    needs=("procedures", "imaging"),
    severest=Indicator.WARNING,
    problem="bone-scan",
    reading=Text(
        "A PET whose tracer is not coded does not count as an FDG PET.",
        "Une TEP dont le traceur n'est pas codé ne compte pas comme une TEP au FDG.",
    ),
)
def bone_scan_after_fdg_pet(_order: Order, patient: Facts) -> Outcome:
    """An FDG PET done within the setting's days."""
    since = days_before(patient.today, patient.settings.fdg_pet_valid_days)

    def counts(act: Act) -> bool | None:
        if not act.is_any(sets.FDG_PET):
            return False
        when = act.dated
        return None if when is None else when.within(since, patient.today)

    done = tuple(act for acts in (patient.procedures, patient.imaging) for act in acts if counts(act))
    blocked = unless_all(
        that(
            Text(
                "an FDG PET was done in the last {days} days",
                "une TEP au FDG a été faite dans les {days} derniers jours",
                days=patient.settings.fdg_pet_valid_days,
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
        Text(
            "Bone scintigraphy after FDG PET: not indicated for staging",
            "Scintigraphie osseuse après TEP au FDG : pas d'indication pour le bilan",
        ),
        (
            Text(
                "It is less sensitive than the FDG PET that was done.",
                "Elle est moins sensible que la TEP au FDG déjà faite.",
            ),
        ),
        done,
    )


@rule(
    "bone-scan-flare",
    title=Text(
        "In the first six months of a systemic treatment a flare mimics progression",
        "Dans les six premiers mois d'un traitement systémique un flare mime une progression",
    ),
    citations=(rao("nuclear", "§1.2, §2"), rao("drugs", "box")),
    trigger=SCINTIGRAPHY_OR_PET,
    needs=("exposures",),
    severest=Indicator.INFO,
    reading=Text(
        "Renewed orders of one drug are one treatment: it starts with the first of them.",
        "Les renouvellements d'un médicament sont un seul traitement : il débute avec le premier.",
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
            Text(
                "it is planned less than six months after the start of a systemic treatment still ongoing",
                "il est prévu moins de six mois après le début d'un traitement systémique en cours",
            ),
            early,
            exposures,
        )
    )
    if blocked:
        return blocked
    if order.is_any(sets.BONE_SCINTIGRAPHY):
        advice = Text(
            "A flare mimics progression: plan the scintigraphy after the sixth month (from {day}).",
            "Un flare mime une progression : prévoir la scintigraphie après le sixième mois (à partir du {day}).",
            day=sixth_month,
        )
    else:
        advice = Text(
            "A flare mimics progression: read the PET with the whole context.",
            "Un flare mime une progression : lire la TEP avec tout le contexte.",
        )
    return Advice(
        Indicator.INFO,
        Text(
            "{act} within six months of a systemic treatment: beware of a flare",
            "{act} dans les six mois d'un traitement systémique : attention au flare",
            act=named(order),
        ),
        (advice, Text("Do not stop the drug for a flare.", "Ne pas arrêter le traitement pour un flare.")),
        ongoing,
        remarks=planned_remarks(order),
    )


@rule(
    "bone-scan-routine-follow-up",
    title=Text(
        "No routine bone scintigraphy in the follow-up of known bone metastases",
        "Pas de scintigraphie osseuse systématique dans le suivi de métastases osseuses connues",
    ),
    citations=(rao("nuclear", "§1.2, box"),),
    trigger=BONE_SCINTIGRAPHY,
    needs=("conditions",),
    severest=Indicator.INFO,
    problem="bone-scan",
    reading=Text(
        "A reason other than the cancer, its bone metastases or their follow-up counts as a clinical question.",
        "Un motif autre que le cancer, ses métastases osseuses ou leur suivi compte comme une question clinique.",
    ),
)
def bone_scan_routine_follow_up(order: Order, patient: Facts) -> Outcome:
    """Bone scintigraphy ordered with a known bone metastasis and no new pain or clinical question as its reason."""
    metastasis = bone_metastasis(patient)
    blocked = unless_all(
        metastasis,
        that(
            Text(
                "no reason names new bone pain or a clinical question",
                "aucun motif ne nomme une douleur osseuse nouvelle ou une question clinique",
            ),
            None if order.reasons_unresolved else not order.asks_a_question,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Bone scintigraphy: not routine in follow-up of bone metastases",
            "Scintigraphie osseuse : pas systématique dans le suivi des métastases osseuses",
        ),
        (
            Text(
                "For new bone pain or a clinical question only: name it as the reason.",
                "Seulement pour une douleur osseuse nouvelle ou une question clinique : l'indiquer comme motif.",
            ),
        ),
        metastasis.basis,
    )


@rule(
    "fdg-pet-coverage",
    title=Text(
        "An FDG PET in lung cancer includes at least the femurs",
        "Une TEP au FDG dans le cancer du poumon inclut au moins les fémurs",
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
            Text("a lung cancer is on record", "un cancer du poumon est enregistré"),
            is_reason or patient.conditions.any(lambda one: one.active and one.is_any(sets.LUNG_CANCER)),
            patient.conditions,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text("FDG PET: include at least the femurs", "TEP au FDG : inclure au moins les fémurs"),
        (
            Text(
                "Metastases of the femurs otherwise lie outside the field.",
                "Sinon les métastases fémorales sont hors du champ.",
            ),
        ),
        cancers[:1],
    )


@rule(
    "bone-biopsy-handling",
    title=Text(
        "A bone biopsy is taken, fixed and decalcified so that molecular tests stay possible",
        "Une biopsie osseuse est prélevée, fixée et décalcifiée pour que la biologie moléculaire reste possible",
    ),
    citations=(rao("histology", "§1, §2, §4, box"),),
    trigger=BONE_BIOPSY,
    needs=("conditions", "exposures"),
    severest=Indicator.INFO,
    reading=Text(
        "The box names EDTA, the text EDTA or formic acid: both are said.",
        "L'encadré cite l'EDTA, le texte l'EDTA ou l'acide formique : les deux sont dits.",
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
        Text(
            "Periphery of the lesion, two 14 G cores of about 1 cm; formalin at least 6 hours; decalcification with "
            "EDTA or formic "
            "acid, never a strong acid; one core a cassette.",
            "Périphérie de la lésion, deux carottes de 14 G d'environ 1 cm ; formol au moins 6 heures ; "
            "décalcification par EDTA ou "
            "acide formique, jamais d'acide fort ; une carotte par cassette.",
        )
    ]
    if adenocarcinoma or unknown:
        detail.append(
            Text(
                "Adenocarcinoma: all biomarkers, EGFR, ALK and KRAS first.",
                "Adénocarcinome : tous les biomarqueurs, EGFR, ALK et KRAS d'abord.",
            )
        )
    tkis = tuple(entry for entry in patient.exposures.of(sets.TYROSINE_KINASE_INHIBITORS).entries if entry.ongoing)
    if unknown or (squamous and not tkis):
        detail.append(
            Text("Squamous carcinoma: no molecular search.", "Carcinome épidermoïde : pas de recherche moléculaire.")
        )
    if tkis:
        detail.append(
            Text(
                "{drug} is ongoing: look for resistance mutations.",
                "{drug} est en cours : rechercher des mutations de résistance.",
                drug=tkis[0].drug.name,
            )
        )
    shown = tuple(
        one for one in patient.conditions if one.is_any(sets.LUNG_ADENOCARCINOMA | sets.LUNG_SQUAMOUS_CARCINOMA)
    )
    remarks: tuple[Text, ...] = ()
    if patient.exposures.gaps and not tkis:
        remarks = (
            Text(
                "Whether a tyrosine kinase inhibitor is taken could not be looked up",
                "La prise d'un inhibiteur de tyrosine kinase n'a pas pu être consultée",
            ),
        )
    return Advice(
        Indicator.INFO,
        Text("Bone biopsy: sampling and decalcification", "Biopsie osseuse : prélèvement et décalcification"),
        tuple(detail),
        (order, *shown, *tkis),
        remarks=remarks,
    )
