# mypy: ignore-errors
"""Shims while the chapters move to declared conditions."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.vocabulary import analytes as rows
from mappings.wording import Text, _
from service.rules import condition as new
from service.rules.bone_metastases import checklist as ch
from service.rules.bone_metastases import conditions as c
from service.rules.bone_metastases import skeletal_events as sk
from service.rules.bone_metastases import triggers as t
from service.rules.bone_metastases import urgency as u
from service.rules.bone_metastases.checklist import missing_result, too_old  # noqa
from service.rules.bone_metastases.conditions import (  # noqa
    SEVERE_RENAL_IMPAIRMENT_BELOW,
    active_conditions,
    antiresorptives,
    approximation,
    days_between,
    given_within,
    orders_of,
    starts,
    supplements_on_record,
)
from service.rules.bone_metastases.skeletal_events import (  # noqa
    is_bone_metastasis_surgery,
    is_bone_radiotherapy,
    skeletal_events,
)
from service.rules.bone_metastases.triggers import (  # noqa
    ANTIRESORPTIVE,
    ANY_RELEVANT,
    DENOSUMAB,
    OTHER_BISPHOSPHONATE,
    ZOLEDRONATE,
    drug_order,
    osteoporosis_form,
)
from service.rules.bone_metastases.urgency import CRISIS_ABOVE, is_urgent, with_urgency  # noqa
from service.rules.condition import SETTLES_NOTHING, is_absent  # noqa
from service.rules.logic import both, either, negated  # noqa
from service.rules.naming import called, named, on, planned_remarks  # noqa
from service.rules.outcome import Basis, Silence
from service.rules.rule import ORDERING, VIEWING
from service.rules.rule import Trigger as NewTrigger
from service.rules.rule import rule as new_rule

URGENCY_NEEDS = ("crisis_calcium", "conditions", "procedures")


@dataclass(frozen=True, slots=True)
class Condition:
    text: Text
    holds: bool | None
    basis: tuple[Basis, ...] = ()


def that(text, holds, *basis):
    return Condition(text, holds, basis)


IN_ANY_CASE = Condition(_("the order is in scope"), holds=True)


def unless_all(*conditions):
    for condition in conditions:
        if condition.holds is False:
            return Silence(condition.text, condition.basis)
    unknown = [condition for condition in conditions if condition.holds is None]
    return cannot_tell(*unknown) if unknown else None


def cannot_tell(*conditions):
    return new.cannot_tell(
        [
            (new.Condition(one.text, (), lambda o, p: None), new.Truth(one.holds, one.basis, text=one.text))
            for one in conditions
        ],
        None,
    )


def _old(condition, patient, order=None):
    truth = condition(order, patient)
    return Condition(condition.said(patient, truth), truth.holds, truth.basis)


def bone_metastasis(patient):
    return _old(c.bone_metastasis, patient)


def bone_metastasis_on_record(patient):
    return c.bone_metastasis(None, patient).holds


def is_start(patient):
    return _old(c.is_start, patient)


def on_antiresorptive(patient):
    return _old(c.on_antiresorptive, patient)


def clearance_below(patient, *_limit):
    return _old(c.severe_renal_impairment, patient)


def no_tumour_board_ordered(patient):
    return _old(c.no_tumour_board_ordered, patient)


def hypercalcaemic_crisis_calcium(patient):
    return _old(u.hypercalcaemic_crisis_calcium, patient)


def untreated_cord_compression(patient):
    return _old(u.untreated_cord_compression, patient)


def few_bone_metastases(patient):
    return c.few_bone_metastases(None, patient).holds


def skeletal_event(patient):
    return sk.skeletal_event(None, patient).holds


def for_bone_metastases(order, patient):
    return _old(t.for_bone_metastases, patient, order)


def phase_of(patient):
    return c.antiresorptives(patient).phase


def settled_by_albumin(condition, calcium, holds):
    truth = c.settled_by_albumin(condition.holds, calcium, holds)
    return Condition(condition.text, truth.holds, truth.basis)


ROWS = {
    "vitamin_d_25oh": rows.VITAMIN_D,
    "calcium": rows.CALCIUM,
    "albumin": rows.ALBUMIN,
    "phosphate": rows.PHOSPHATE,
    "creatinine": rows.CREATININE,
    "platelets": rows.PLATELETS,
    "prothrombin": rows.PROTHROMBIN,
    "ctx": rows.CTX,
    "inr": rows.INR,
    "pain_score": rows.PAIN_SCORE,
}


def already_ordered(patient, analyte):
    return ch.already_ordered(patient, ROWS[analyte])


def _reads(needs):
    return tuple(
        ROWS[n] if n in ("albumin", "phosphate", "creatinine", "platelets", "prothrombin", "inr", "pain_score") else n
        for n in needs
    )


def Trigger(name, matches, in_scope=None, must_be_known=False, needs=frozenset(), any_relevant=False, kind=None):
    scope = None
    if in_scope is not None:

        def ask(order, patient):
            one = in_scope(order, patient)
            return new.Truth(one.holds, one.basis, text=one.text)

        scope = new.Condition(name, needs, ask)
    from mappings.facts import Order

    return NewTrigger(name, matches, kind or Order, scope, must_be_known, any_relevant)


def rule(
    rule_id,
    *,
    title,
    citations,
    needs,
    severest,
    trigger=None,
    patient_view=False,
    problem="",
    prerequisite=False,
    about_giving=False,
    about_course=False,
    once=False,
    yields_to=(),
    reading=None,
):
    hooks = (ORDERING if trigger is not None else frozenset()) | (VIEWING if patient_view else frozenset())
    return new_rule(
        rule_id,
        title=title,
        citations=citations,
        severest=severest,
        when=(),
        trigger=trigger,
        hooks=hooks,
        reads=_reads(needs),
        once=once,
        reading=reading,
    )


def calcium_is_high(patient):
    return c.calcium_is_high(None, patient).holds is True
