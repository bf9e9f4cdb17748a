"""Systemic treatment beside bone radiotherapy, the kidney and surgery (RAO, radiothérapie §3; chimiothérapie §2; chirurgie §3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mappings.facts import Act, ActOrder, DrugOrder, Exposure, Facts, Order, RadiotherapyOrder
from mappings.vocabulary import concept_sets as sets
from mappings.wording import Text
from service.rules.bone_metastases.bone_radiotherapy import treatment
from service.rules.bone_metastases.conditions import (
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    approximation,
    given_within,
    severe_renal_impairment,
)
from service.rules.bone_metastases.documents import rao
from service.rules.bone_metastases.healing import (
    HEALED,
    OPERATED_BONE,
    OPERATED_SPINE,
    URGENT_DAYS,
    ordered_too_soon,
    planned_too_soon,
    waits_too_short,
)
from service.rules.bone_metastases.settings import ClinicalSettings, settings_of
from service.rules.bone_metastases.together import (
    IMMUNOTHERAPY,
    TARGETED_THERAPY,
    TOGETHER_CARD,
    WITH_ABLATION,
    Together,
    is_ablative,
    radiotherapy_is_of_bone,
)
from service.rules.bone_metastases.triggers import drug_order
from service.rules.bone_metastases.urgency import URGENCY, is_urgent, may_be_postponed
from service.rules.bone_metastases.wording import _
from service.rules.condition import Truth, any_of, condition, that
from service.rules.logic import either
from service.rules.naming import MOST_IN_A_SENTENCE, act_at, lasting, planned_remarks
from service.rules.offers import StartOn, UpdateOrder
from service.rules.outcome import Indicator, Outcome
from service.rules.rule import Trigger, rule
from service.rules.say import advise, info, warning


def _radiotherapy_or(name: Text, drugs: frozenset[str]) -> Trigger:
    """A draft order of external radiotherapy, or of one of these drugs."""
    return Trigger(
        name,
        lambda order: isinstance(order, RadiotherapyOrder) or (isinstance(order, DrugOrder) and order.is_any(drugs)),
    )


def _radiotherapy_said(
    together: Together, order: Order, patient: Facts, beside_a_drug: Text | None = None
) -> tuple[Text, ...]:
    """The radiotherapy that is ordered, with its bone; beside a drug and radiotherapy of the record any that the rule is about."""
    named = tuple(map(treatment, together.radiotherapies_named(order, patient)))
    return named or (beside_a_drug or _("radiotherapy"),)


# --- immunotherapy, tyrosine kinase inhibitors, stereotactic radiotherapy ---------------------------------------------


@rule(
    "immunotherapy-with-radiotherapy",
    title=_("Immunotherapy and bone radiotherapy together: few data, tumour board"),
    citations=(rao("radiotherapy", "§3.1, Tableau 6"),),
    trigger=_radiotherapy_or(
        _("draft order of radiotherapy, or of a checkpoint inhibitor"), sets.CHECKPOINT_INHIBITORS
    ),
    when=(
        radiotherapy_is_of_bone,
        IMMUNOTHERAPY.as_condition(
            _(
                "a checkpoint inhibitor and bone radiotherapy are ordered or under way, or {immunotherapy_days} apart at most"
            )
        ),
    ),
    severest=Indicator.INFO,
)
def immunotherapy_with_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """Few data, no routine combination: for the tumour board and the patient."""
    return info(
        _(
            "{drugs} with {radiotherapy}: few data, tumour board (RCP-OOS)",
            drugs=IMMUNOTHERAPY.drugs_named(order, patient),
            radiotherapy=_radiotherapy_said(IMMUNOTHERAPY, order, patient),
        ),
        _("Discuss it in a tumour board; tell the patient that data are lacking."),
        _("No routine combination; the first data on anti-PD-1 are reassuring."),
        beside=[
            _(
                "Immunotherapy ({drugs}): tell the patient that data are lacking; the first data on anti-PD-1 are reassuring.",
                drugs=IMMUNOTHERAPY.drugs_named(order, patient),
            )
        ],
        rests_on=IMMUNOTHERAPY.beside(order, patient),
        remarks=planned_remarks(order),
        joins=TOGETHER_CARD,
    )


@rule(
    "tki-with-radiotherapy",
    title=_("A targeted therapy and bone radiotherapy: a precaution interval, tumour board"),
    citations=(rao("radiotherapy", "§3.1, Tableau 6"),),
    trigger=_radiotherapy_or(_("draft order of radiotherapy, or of a targeted therapy"), sets.TARGETED_THERAPIES),
    when=(
        radiotherapy_is_of_bone,
        TARGETED_THERAPY.as_condition(
            _("a targeted therapy and bone radiotherapy are ordered or under way, or {tki_days} apart at most")
        ),
    ),
    severest=Indicator.WARNING,
    reading=_(
        "Targeted therapies are the tyrosine kinase inhibitors; other targeted antibodies and antibody-drug conjugates "
        "likewise (our reading of the box)."
    ),
)
def tki_with_radiotherapy(order: Order, patient: Facts) -> Outcome:
    """A precaution interval, for the tumour board."""
    return warning(
        _(
            "{drugs} with {radiotherapy}: precaution interval, tumour board (RCP-OOS)",
            drugs=TARGETED_THERAPY.drugs_named(order, patient),
            radiotherapy=_radiotherapy_said(TARGETED_THERAPY, order, patient),
        ),
        _("Leave a precaution interval, in theory five half-lives; discuss it in a tumour board."),
        _("Few data: no routine combination."),
        rests_on=TARGETED_THERAPY.beside(order, patient),
        remarks=planned_remarks(order),
        joins=TOGETHER_CARD,
    )


@rule(
    "stereotactic-with-systemic",
    title=_("Stereotactic or curative bone radiotherapy during systemic treatment: precaution"),
    citations=(rao("radiotherapy", "§3.2, box"),),
    trigger=Trigger(
        _("draft order of stereotactic or curative radiotherapy, or of a systemic anticancer drug"),
        lambda order: is_ablative(order) or (isinstance(order, DrugOrder) and order.is_any(sets.SYSTEMIC_ANTICANCER)),
    ),
    when=(
        radiotherapy_is_of_bone,
        WITH_ABLATION.as_condition(
            _("a systemic anticancer drug, and stereotactic or curative bone radiotherapy, are ongoing or ordered")
        ),
    ),
    severest=Indicator.INFO,
)
def stereotactic_with_systemic(order: Order, patient: Facts) -> Outcome:
    """Precaution: few trials."""
    return info(
        _(
            "{drugs} with {radiotherapy}: precaution",
            drugs=WITH_ABLATION.drugs_named(order, patient),
            radiotherapy=_radiotherapy_said(WITH_ABLATION, order, patient, _("stereotactic or curative radiotherapy")),
        ),
        _("Decide on a pause of the drug: the shorter course allows a shorter one; few trials."),
        rests_on=WITH_ABLATION.beside(order, patient),
    )


# --- systemic drugs and the kidney ------------------------------------------------------------------------------------


@rule(
    "tki-severe-renal-impairment",
    title=_("Tyrosine kinase inhibitors are not advised in severe renal impairment"),
    citations=(rao("drugs", "§2"),),
    trigger=drug_order(_("draft order of a tyrosine kinase inhibitor"), sets.TYROSINE_KINASE_INHIBITORS),
    when=(severe_renal_impairment,),
    reads=("clearance_inputs_missing",),
    severest=Indicator.WARNING,
    reading=_("«Severe» is put at {limit} mL/min, as in §2.4.", limit=SEVERE_RENAL_IMPAIRMENT_BELOW),
)
def tki_severe_renal_impairment(order: DrugOrder, patient: Facts) -> Outcome:
    """Not advised."""
    return warning(
        _(
            "{drug}: not advised, creatinine clearance below {limit} mL/min",
            drug=order.name,
            limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
        ),
        _("Reconsider the drug: tyrosine kinase inhibitors are not advised in severe renal impairment."),
        *approximation(patient),
        rests_on=[patient.clearance],
    )


@rule(
    "chemotherapy-severe-renal-impairment",
    title=_("In severe renal impairment the contraindication of a cytotoxic is checked, then its dose"),
    citations=(rao("drugs", "§2"),),
    trigger=drug_order(_("draft order of a cytotoxic"), sets.CYTOTOXICS),
    when=(severe_renal_impairment,),
    reads=("clearance_inputs_missing", "orders", "exposures"),
    severest=Indicator.WARNING,
    once=True,
    reading=_(
        "The source advises lower doses; some cytotoxics (cisplatin, pemetrexed) are contraindicated well above the limit, so the "
        "product information comes first."
    ),
)
def chemotherapy_severe_renal_impairment(_order: DrugOrder, patient: Facts) -> Outcome:
    """Every cytotoxic of the request; a bisphosphonate on record stops."""
    drafts = (one for one in patient.orders if one.draft and isinstance(one, DrugOrder))
    drafted = tuple(one for one in drafts if one.is_any(sets.CYTOTOXICS))
    days = settings_of(patient).on_treatment_days
    bisphosphonates = patient.exposures.of(sets.ALL_BISPHOSPHONATES).recent(days)
    return warning(
        _(
            "{drugs}: clearance below {limit} mL/min, check the contraindication in the product information",
            drugs=tuple(dict.fromkeys(one.name for one in drafted)),
            limit=SEVERE_RENAL_IMPAIRMENT_BELOW,
        ),
        _("Check the contraindication in the product information; the referential advises lower doses."),
        *(_("{drug} on record is usually stopped.", drug=entry.drug.name) for entry in bisphosphonates[:1]),
        *approximation(patient),
        rests_on=(patient.clearance, *drafted, *bisphosphonates[:1]),
    )


# --- acts on bone -----------------------------------------------------------------------------------------------------


@condition(
    _("surgery of a bone metastasis, done or ordered, is too short a time before the planned start"),
    reads=("procedures", "conditions", "orders"),
)
def operated_too_lately(order: Order, patient: Facts) -> Truth:
    """An operation whose healing (`healing`) the order does not wait for; one without a date leaves it open."""
    done = patient.procedures.any(lambda act: planned_too_soon(act, order, patient))
    ordered = patient.orders.any(lambda other: ordered_too_soon(other, order, patient))
    return that(either(done, ordered), patient.procedures, patient.orders)


@rule(
    "treatment-after-bone-surgery",
    title=_("After surgery of a bone metastasis, systemic treatment and radiotherapy wait for healing"),
    citations=(rao("surgery", "§3"), rao("radiotherapy", "§1.3, §1.4")),
    trigger=_radiotherapy_or(
        _("draft order of a cytotoxic, an anti-angiogenic or radiotherapy"),
        sets.CYTOTOXICS | sets.SYSTEMIC_ANTIANGIOGENICS,
    ),
    when=(operated_too_lately,),
    reads=URGENCY,
    severest=Indicator.WARNING,
    reading=_(
        "Systemic treatment, anti-angiogenics too (our reading): {healed}, {urgent} when urgent. Radiotherapy of the operated bone: {bone}, spine {spine}; other "
        "radiotherapy: {healed}, {urgent} when urgent (our reading). A target that is not stated counts as the operated bone.",
        healed=lasting(HEALED.days),
        urgent=lasting(URGENT_DAYS),
        bone=lasting(OPERATED_BONE.days),
        spine=OPERATED_SPINE.days,
    ),
)
def treatment_after_bone_surgery(order: Order, patient: Facts) -> Outcome:
    """A warning; info where an urgent order keeps the shortened interval of every operation. The latest day counts."""
    waits = waits_too_short(order, patient)
    longest = max(waits, key=lambda wait: (wait.earliest, wait.source))
    accepted = is_urgent(order, patient) and all(wait.long_enough_when_urgent for wait in waits)
    return advise(
        Indicator.INFO if accepted else Indicator.WARNING,
        _(
            "{act}: wait until {earliest} for healing after bone surgery",
            act=treatment(order) if isinstance(order, RadiotherapyOrder) else order.name,
            earliest=longest.earliest,
        ),
        *longest.said(),
        rests_on=[longest.surgery],
        offers=[UpdateOrder(order, (StartOn(longest.earliest),))] if may_be_postponed(order, patient) else (),
        remarks=dict.fromkeys((*planned_remarks(order), *_undated_surgery(longest.surgery))),
    )


def _undated_surgery(surgery: Act | ActOrder) -> tuple[Text, ...]:
    """That today was taken for the day of an operation that is ordered."""
    return planned_remarks(surgery) if isinstance(surgery, ActOrder) else ()


@dataclass(frozen=True, slots=True)
class GivenLately:
    """Drugs of a class that count before an act for as many days as a setting says."""

    drugs: frozenset[str]
    days: Callable[[ClinicalSettings], int]

    def ask(self, order: ActOrder, patient: Facts) -> Truth:
        """One of them is ongoing, or was given or is planned so few days before the act."""
        exposures = patient.exposures.of(self.drugs)
        return that(exposures.any(lambda entry: self._counts(entry, order, patient)), exposures)

    def given(self, order: ActOrder, patient: Facts) -> tuple[Exposure, ...]:
        """Those that count."""
        entries = patient.exposures.of(self.drugs).entries
        return tuple(entry for entry in entries if self._counts(entry, order, patient))

    def _counts(self, entry: Exposure, order: ActOrder, patient: Facts) -> bool | None:
        return given_within(entry, order.planned.when, self.days(settings_of(patient)), patient.today)


CYTOTOXIC = GivenLately(sets.CYTOTOXICS, lambda settings: settings.act_after_cytotoxic_days)
ANTIANGIOGENIC = GivenLately(sets.SYSTEMIC_ANTIANGIOGENICS, lambda settings: settings.act_after_antiangiogenic_days)

under_cytotoxic = condition(
    _("a cytotoxic is ongoing or was given in the last {act_after_cytotoxic_days}"), reads=("exposures",)
)(CYTOTOXIC.ask)
under_antiangiogenic = condition(
    _("an anti-angiogenic is ongoing or was given in the last {act_after_antiangiogenic_days}"),
    reads=("exposures",),
)(ANTIANGIOGENIC.ask)


@rule(
    "procedure-under-systemic",
    title=_("Systemic treatment is no obstacle to a priority act on bone: check blood count and haemostasis"),
    citations=(rao("drugs", "§2"),),
    trigger=Trigger(
        _("draft order of interventional radiology or surgery on bone"),
        lambda order: order.is_any(sets.INTERVENTIONAL_RADIOLOGY | sets.BONE_SURGERY),
        kind=ActOrder,
    ),
    when=(
        any_of(
            _(
                "a cytotoxic ({act_after_cytotoxic_days}) or an anti-angiogenic ({act_after_antiangiogenic_days}) "
                "is ongoing or was given"
            ),
            under_cytotoxic,
            under_antiangiogenic,
        ),
    ),
    severest=Indicator.INFO,
)
def procedure_under_systemic(order: ActOrder, patient: Facts) -> Outcome:
    """No obstacle, but checks; the first drugs are named."""
    given = dict.fromkeys((*CYTOTOXIC.given(order, patient), *ANTIANGIOGENIC.given(order, patient)))
    drugs = tuple(dict.fromkeys(entry.drug.name for entry in given))
    return info(
        _(
            "{act} under {drugs}: check blood count and haemostasis",
            act=act_at(order),
            drugs=drugs[:MOST_IN_A_SENTENCE],
        ),
        _("Check blood count and haemostasis; beware of the nadir, and of the anti-angiogenic."),
        _("Systemic treatment is no obstacle to a priority act."),
        rests_on=given,
    )
