"""Cementoplasty and its kin (RAO, radiologie interventionnelle §1-7, Tableau 8; CIM; CHU)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from mappings import concept_sets as sets
from mappings.dates import When
from mappings.facts import Absent, Diagnosis, Exposure, ExposureKind, Exposures, Facts, Known, Order
from mappings.facts.bones import LONG_BONES, bones_of, has_vertebra
from mappings.wording import Text
from service.rules.citation import CHU, CIM, rao
from service.rules.imaged import CT, MRI, imaged, imaging_line
from service.rules.offers import OrderAnalyte
from service.rules.outcome import Advice, Basis, Indicator, Outcome, unless_all
from service.rules.rule import Trigger, rule
from service.rules.situations import (
    active_conditions,
    already_ordered,
    bone_metastasis,
    either,
    is_absent,
    missing_result,
    named,
    negated,
    no_tumour_board_ordered,
    orders_of,
    planned_remarks,
    that,
)

CEMENTOPLASTY = Trigger(
    Text(
        "draft order of cementoplasty, vertebroplasty, kyphoplasty, sacroplasty or percutaneous fixation with cement",
        "prescription de cimentoplastie, vertébroplastie, cyphoplastie, sacroplastie ou fixation percutanée avec ciment",
    ),
    lambda order: order.is_any(sets.CEMENTOPLASTY),
)
KYPHOPLASTY = Trigger(
    Text("draft order of kyphoplasty", "prescription de cyphoplastie"), lambda order: order.is_any(sets.KYPHOPLASTY)
)

LOWEST_HAEMOSTASIS = Decimal(50)
"""Platelets in G/L and prothrombin in %: both must be above it (RAO §4, Tableau 8)."""

PLATELETS = Text("platelets", "plaquettes")
PROTHROMBIN = Text("prothrombin (TP)", "taux de prothrombine (TP)")


@rule(
    "cementoplasty-bleeding-risk",
    title=Text(
        "Cementoplasty needs platelets above 50 G/L and prothrombin above 50 %",
        "Une cimentoplastie demande plus de 50 G/L de plaquettes et plus de 50 % de TP",
    ),
    citations=(rao("interventional", "§4, Tableau 8"),),
    trigger=CEMENTOPLASTY,
    needs=("platelets", "prothrombin"),
    severest=Indicator.CRITICAL,
)
def cementoplasty_bleeding_risk(order: Order, patient: Facts) -> Outcome:
    """Platelets at most 50 G/L, or prothrombin at most 50 %."""
    platelets, prothrombin = patient.platelets, patient.prothrombin
    few = platelets.test(lambda value: value.bounds.at_most(LOWEST_HAEMOSTASIS))
    low = prothrombin.test(lambda value: value.bounds.at_most(LOWEST_HAEMOSTASIS))
    blocked = unless_all(
        that(
            Text(
                "platelets are at most 50 G/L, or prothrombin at most 50 %",
                "les plaquettes sont à 50 G/L au plus, ou le TP à 50 % au plus",
            ),
            either(few, low),
            platelets,
            prothrombin,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.CRITICAL,
        Text(
            "{act}: bleeding risk, {results} too low",
            "{act} : risque hémorragique, valeur trop basse : {results}",
            act=named(order),
            results=tuple(name for name, holds in ((PLATELETS, few), (PROTHROMBIN, low)) if holds),
        ),
        (
            Text(
                "Platelets must be above 50 G/L and prothrombin above 50 %: a severe coagulation disorder is an absolute "
                "contraindication.",
                "Il faut plus de 50 G/L de plaquettes et plus de 50 % de TP : un trouble sévère de l'hémostase est une "
                "contre-indication absolue.",
            ),
        ),
        tuple(fact for fact in (platelets, prothrombin) if isinstance(fact, Known)),
    )


@rule(
    "cementoplasty-haemostasis-unknown",
    title=Text(
        "Platelets and prothrombin are known before a cementoplasty",
        "Plaquettes et TP sont connus avant une cimentoplastie",
    ),
    citations=(rao("interventional", "§4"),),
    trigger=CEMENTOPLASTY,
    needs=("platelets", "prothrombin", "inr", "orders"),
    severest=Indicator.WARNING,
    prerequisite=True,
)
def cementoplasty_haemostasis_unknown(order: Order, patient: Facts) -> Outcome:
    """No valid platelets, or no valid prothrombin."""
    asked = {"platelets": (patient.platelets, PLATELETS), "prothrombin": (patient.prothrombin, PROTHROMBIN)}
    blocked = unless_all(
        that(
            Text(
                "no valid platelets, or no valid prothrombin, is on record",
                "plaquettes ou TP valides ne sont pas enregistrés",
            ),
            either(*(is_absent(fact) for fact, _ in asked.values())),
            *(fact for fact, _ in asked.values()),
        )
    )
    if blocked:
        return blocked
    missing = [name for name, (fact, _) in asked.items() if isinstance(fact, Absent)]
    ordered = {name: already_ordered(patient, name) for name in missing}
    inr = patient.inr
    shown: tuple[Basis, ...] = (inr,) if isinstance(inr, Known) and "prothrombin" in missing else ()
    detail = [
        Text(
            "Before the act platelets must be above 50 G/L and prothrombin above 50 %.",
            "Avant le geste, il faut plus de 50 G/L de plaquettes et plus de 50 % de TP.",
        )
    ]
    if shown:
        detail.append(Text("An INR does not replace prothrombin.", "Un INR ne remplace pas le TP."))
    return Advice(
        Indicator.WARNING,
        Text(
            "{act}: measure platelets and prothrombin first",
            "{act} : doser d'abord plaquettes et TP",
            act=named(order),
        ),
        tuple(detail),
        (*(asked[name][0] for name in missing), *shown),
        tuple(OrderAnalyte(name) for name in missing if not ordered[name]),
        items=tuple(missing_result(*asked[name], ordered=ordered[name]) for name in missing),
    )


# --- antithrombotics --------------------------------------------------------------------------------------------------

ASPIRIN_LIMIT_MG = Decimal(160)
"""mg a day: below it aspirin goes on; 160 itself is stopped (RAO §4; CIM agrees)."""

ASPIRIN_DAYS = 5

DELAYS: tuple[tuple[frozenset[str], int], ...] = (
    (sets.CLOPIDOGREL, 5),
    (sets.ASPIRIN, ASPIRIN_DAYS),
    (sets.DIRECT_ORAL_ANTICOAGULANTS_WITH_DELAY, 2),
    (sets.VITAMIN_K_ANTAGONISTS | sets.LOW_MOLECULAR_WEIGHT_HEPARINS, 1),
)
"""Days between the last dose and the act (RAO §4). 48 hours are 2 days; a vitamin K antagonist is replaced by a
low-molecular-weight heparin, which is stopped the day before, as one that is given already is (a reading of ours)."""


@dataclass(frozen=True, slots=True)
class Antithrombotic:
    """One drug that counts before the act: `goes_on` for aspirin known to be under 160 mg a day."""

    concept: str
    entries: tuple[Exposure, ...]
    days: int | None
    goes_on: bool = False
    dose_unknown: bool = False

    @property
    def ongoing(self) -> bool:
        """Being taken now."""
        return any(entry.ongoing for entry in self.entries)

    def stop(self, planned: When) -> date | None:
        """The last day without the drug's delay being broken; None where the source gives no delay."""
        return None if self.days is None or self.goes_on else planned.first - timedelta(days=self.days)

    def line(self, planned: When | None, today: date) -> Text:
        """What to do with the drug, with its date where the act has one."""
        drug, stop = self.entries[0].drug.name, self.stop(planned) if planned is not None else None
        on = by = Text("", "")
        if stop is not None:
            passed = Text(", which has passed", ", date dépassée") if stop < today else Text("", "")
            on = Text(" (on {stop}{passed})", " (le {stop}{passed})", stop=stop, passed=passed)
            by = Text(" (by {stop}{passed})", " (au plus tard le {stop}{passed})", stop=stop, passed=passed)
        if self.goes_on:
            return Text(
                "{drug} under 160 mg a day: goes on", "{drug} à moins de 160 mg par jour : poursuivre", drug=drug
            )
        if self.dose_unknown:
            return Text(
                "{drug}, daily dose not known: under 160 mg it goes on; from 160 mg stop 5 days before{by}",
                "{drug}, dose quotidienne inconnue : sous 160 mg poursuivre ; à partir de 160 mg arrêter 5 jours avant{by}",
                drug=drug,
                by=by,
            )
        if self.concept in sets.VITAMIN_K_ANTAGONISTS:
            return Text(
                "{drug}: replace by low-molecular-weight heparin, its last dose the day before{on}",
                "{drug} : relais par héparine de bas poids moléculaire, dernière dose la veille{on}",
                drug=drug,
                on=on,
            )
        if self.concept in sets.LOW_MOLECULAR_WEIGHT_HEPARINS:
            return Text(
                "{drug}: last dose the day before{on}", "{drug} : dernière dose la veille{on}", drug=drug, on=on
            )
        if self.days is None:
            return Text(
                "{drug}: no delay in the referential, ask the anaesthetist",
                "{drug} : pas de délai dans le référentiel, demander à l'anesthésiste",
                drug=drug,
            )
        if self.concept in sets.DIRECT_ORAL_ANTICOAGULANTS_WITH_DELAY:
            return Text("{drug}: stop 48 hours before{by}", "{drug} : arrêter 48 heures avant{by}", drug=drug, by=by)
        return Text("{drug}: stop 5 days before{by}", "{drug} : arrêter 5 jours avant{by}", drug=drug, by=by)


def _delay_of(concept: str) -> int | None:
    return next((days for concepts, days in DELAYS if concept in concepts), None)


def _looked_for(concept: str, patient: Facts) -> int | None:
    """The days within which a last dose counts; a vitamin K antagonist acts on for days after it."""
    return patient.settings.vitamin_k_antagonist_days if concept in sets.VITAMIN_K_ANTAGONISTS else _delay_of(concept)


def _antithrombotics_planned_or_taken(patient: Facts) -> Exposures:
    """Those on record and, as drafts count for interactions (`rules.md`, "Draft order"), those drafted beside the act."""
    drafted = tuple(
        Exposure(
            ExposureKind.REQUEST,
            draft.drug,
            draft.reference,
            draft.dosage,
            planned=True,
            first=None if draft.planned.assumed else draft.planned.when,
        )
        for draft in patient.orders
        if draft.draft and draft.drug is not None
    )
    return replace(patient.exposures, entries=patient.exposures.entries + drafted).of(sets.ANTITHROMBOTICS)


def _counts(entry: Exposure, days: int | None, planned: When) -> bool | None:
    """Ongoing, to begin before the act, or last taken less than so many days before it; None where it is not dated."""
    if entry.planned:
        return entry.first is None or entry.first.first < planned.last
    if entry.ongoing:
        return True
    if entry.maybe_ongoing or (entry.last_dose_undated and days is not None):
        return None
    last = entry.last_dose
    return days is not None and last is not None and (planned.first - last.last).days < days


def _antithrombotics(exposures: Exposures, planned: When, patient: Facts) -> Iterator[Antithrombotic]:
    """Each drug once, with the entries that count."""
    for concept in sorted(sets.ANTITHROMBOTICS):
        days, within = _delay_of(concept), _looked_for(concept, patient)
        entries = tuple(
            entry for entry in exposures.of(frozenset({concept})).entries if _counts(entry, within, planned)
        )
        if not entries:
            continue
        if concept not in sets.ASPIRIN:
            yield Antithrombotic(concept, entries, days)
            continue
        doses = [entry.dosage.mg_a_day for entry in entries]
        known_doses = [dose for dose in doses if dose is not None]
        if any(dose >= ASPIRIN_LIMIT_MG for dose in known_doses):
            yield Antithrombotic(concept, entries, days)
        elif len(known_doses) < len(doses):
            yield Antithrombotic(concept, entries, days, dose_unknown=True)
        elif any(entry.ongoing or entry.planned for entry in entries):
            yield Antithrombotic(concept, entries, days, goes_on=True)


def _may_count(exposures: Exposures, planned: When, patient: Facts) -> bool | None:
    """Any antithrombotic counts; a gap, or a last dose that is not dated, leaves it open."""
    if any(_antithrombotics(exposures, planned, patient)):
        return True
    undated = any(
        _counts(entry, _looked_for(concept, patient), planned) is None
        for entry in exposures.entries
        for concept in entry.drug.concepts
    )
    return None if undated or exposures.gaps else False


@rule(
    "cementoplasty-antithrombotics",
    title=Text(
        "Antithrombotics are stopped, replaced or continued before a cementoplasty, each by its delay",
        "Les antithrombotiques sont arrêtés, relayés ou poursuivis avant une cimentoplastie, chacun selon son délai",
    ),
    citations=(rao("interventional", "§4"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("exposures", "orders"),
    severest=Indicator.CRITICAL,
    reading=Text(
        "Critical when a drug is ongoing and its stop date has passed is our reading; so is the last dose, the day "
        "before, of a heparin that is given already. Aspirin: the sum of the dosage lines, 160 mg itself is stopped. "
        "CIM lets clopidogrel go on although it is better stopped 5 days before: the referential's 5 days are used. "
        "Both let low-dose aspirin go on.",
        "Critique quand un médicament est en cours et que sa date d'arrêt est passée : notre lecture ; de même la "
        "dernière dose, la veille, d'une héparine déjà donnée. Aspirine : la somme des lignes de posologie, 160 mg "
        "est arrêté. CIM permet de poursuivre le clopidogrel, mieux arrêté 5 jours avant : les 5 jours du "
        "référentiel sont utilisés. Tous deux poursuivent l'aspirine à faible dose.",
    ),
)
def cementoplasty_antithrombotics(order: Order, patient: Facts) -> Outcome:
    """An antithrombotic ongoing, to begin before the act, or last taken less than its delay before the planned date."""
    planned = order.planned.when
    exposures = _antithrombotics_planned_or_taken(patient)
    blocked = unless_all(
        that(
            Text(
                "an antithrombotic is ongoing, ordered to begin before the act, or was taken within its delay before it",
                "un antithrombotique est en cours, prescrit pour débuter avant le geste, ou pris dans son délai avant lui",
            ),
            _may_count(exposures, planned, patient),
            exposures,
        )
    )
    if blocked:
        return blocked
    found = list(_antithrombotics(exposures, planned, patient))
    dated = None if order.planned.assumed else planned
    late = [
        one
        for one in found
        if one.ongoing and dated is not None and not one.dose_unknown and _passed(one.stop(dated), patient.today)
    ]
    only_low_aspirin = all(one.goes_on for one in found) and not exposures.gaps
    indicator = Indicator.CRITICAL if late else Indicator.INFO if only_low_aspirin else Indicator.WARNING
    drugs = tuple(one.entries[0].drug.name for one in (late or found))
    if late:
        summary = Text(
            "{act}: {drugs} should have been stopped: postpone, or ask the anaesthetist",
            "{act} : {drugs} aurait dû être arrêté : reporter, ou demander à l'anesthésiste",
            act=named(order),
            drugs=drugs,
        )
    elif only_low_aspirin:
        summary = Text(
            "{act}: aspirin under 160 mg a day goes on",
            "{act} : poursuivre l'aspirine à moins de 160 mg par jour",
            act=named(order),
        )
    else:
        summary = Text(
            "{act}: antithrombotic to deal with: {drugs}",
            "{act} : antithrombotique à gérer : {drugs}",
            act=named(order),
            drugs=drugs,
        )
    return Advice(
        indicator,
        summary,
        (
            Text(
                "With the agreement of the anaesthetist and the prescriber.",
                "Avec l'accord de l'anesthésiste et du prescripteur.",
            ),
        ),
        tuple(entry for one in found for entry in one.entries),
        items=tuple(one.line(dated, patient.today) for one in found),
        remarks=_antithrombotic_remarks(order, exposures),
    )


def _passed(stop: date | None, today: date) -> bool:
    return stop is not None and stop < today


def _antithrombotic_remarks(order: Order, exposures: Exposures) -> tuple[Text, ...]:
    remarks = planned_remarks(order)
    if order.planned.assumed:
        remarks = (
            Text(
                "No planned date is stated: the delays alone are given",
                "Aucune date prévue n'est indiquée : seuls les délais sont donnés",
            ),
        )
    if exposures.gaps:
        remarks += (
            Text(
                "The medication history was not complete: other antithrombotics may be taken",
                "L'historique des médicaments était incomplet : d'autres antithrombotiques sont possibles",
            ),
        )
    return remarks


# --- contraindications ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contraindication:
    """One of Tableau 8: whether it holds, and what it rests on."""

    name: Text
    holds: bool | None
    basis: tuple[Basis, ...] = ()


def _of_condition(name: Text, patient: Facts, found: tuple[Diagnosis, ...]) -> Contraindication:
    holds = True if found else (None if patient.conditions.gaps else False)
    return Contraindication(name, holds, found or (patient.conditions,))


def _at_the_site(one: Diagnosis, order: Order) -> bool:
    """Of the bone that is treated, or of a place that is not stated."""
    return not one.sites or not one.regions.isdisjoint(order.regions)


def _absolute(order: Order, patient: Facts) -> Iterator[Contraindication]:
    infections = active_conditions(patient, sets.SEPSIS_OR_GENERAL_INFECTION)
    yield _of_condition(Text("sepsis or general infection", "sepsis ou infection générale"), patient, infections)
    skin = tuple(one for one in active_conditions(patient, sets.SKIN_INFECTION) if _at_the_site(one, order))
    yield _of_condition(Text("skin infection at the site", "infection cutanée au site"), patient, skin)
    allergic = patient.allergies.any(lambda one: not one.concepts.isdisjoint(sets.BONE_CEMENT))
    yield Contraindication(Text("allergy to bone cement", "allergie au ciment osseux"), allergic, (patient.allergies,))
    severe = tuple(
        one
        for one in active_conditions(patient, sets.COAGULOPATHY | sets.DISSEMINATED_INTRAVASCULAR_COAGULATION)
        if one.is_any(sets.DISSEMINATED_INTRAVASCULAR_COAGULATION) or not one.severities.isdisjoint(sets.SEVERE)
    )
    yield _of_condition(Text("severe coagulation disorder", "trouble sévère de l'hémostase"), patient, severe)
    stable = patient.finding("asymptomatic-stable-fracture", order.regions)
    is_reason = "asymptomatic-stable-fracture" in order.reasons
    recorded = stable.test(lambda found: found.flag)
    yield Contraindication(
        Text("asymptomatic stable fracture", "fracture stable asymptomatique"), is_reason or recorded, (stable,)
    )


def _cautions(order: Order, patient: Facts) -> Iterator[Contraindication]:
    """What is absolute at its worst, and whose extent is not known."""
    elsewhere = tuple(
        one
        for one in active_conditions(patient, sets.OTHER_INFECTION | sets.SKIN_INFECTION)
        if not one.is_any(sets.SEPSIS_OR_GENERAL_INFECTION)
        and not (one.is_any(sets.SKIN_INFECTION) and _at_the_site(one, order))
    )
    yield _of_condition(Text("an active infection", "une infection active"), patient, elsewhere)
    unknown = tuple(one for one in active_conditions(patient, sets.COAGULOPATHY) if not one.severities)
    yield _of_condition(
        Text("a coagulation disorder of unknown severity", "un trouble de l'hémostase de sévérité inconnue"),
        patient,
        unknown,
    )


@rule(
    "cementoplasty-absolute-contraindication",
    title=Text("Absolute contraindications of cementoplasty", "Contre-indications absolues de la cimentoplastie"),
    citations=(rao("interventional", "Tableau 8"),),
    trigger=CEMENTOPLASTY,
    needs=("conditions", "allergies", "finding"),
    severest=Indicator.CRITICAL,
    reading=Text(
        "Another active infection, and a coagulation disorder of unknown severity, are a warning (our reading). Diffuse, "
        "non-localised pain is printed, not computed.",
        "Une autre infection active, et un trouble de l'hémostase de sévérité inconnue, sont un avertissement (notre "
        "lecture). "
        "Une douleur diffuse non localisée est imprimée, pas calculée.",
    ),
)
def cementoplasty_absolute_contraindication(order: Order, patient: Facts) -> Outcome:
    """Infection, allergy to cement, severe coagulation disorder, asymptomatic stable fracture."""
    absolute, cautions = list(_absolute(order, patient)), list(_cautions(order, patient))
    every = (*absolute, *cautions)
    blocked = unless_all(
        that(
            Text("a contraindication of Tableau 8 is on record", "une contre-indication du Tableau 8 est enregistrée"),
            either(*(one.holds for one in every)),
            *(fact for one in every for fact in one.basis),
        )
    )
    if blocked:
        return blocked
    certain = [one for one in absolute if one.holds]
    found = [*certain, *(one for one in cautions if one.holds)]
    return Advice(
        Indicator.CRITICAL if certain else Indicator.WARNING,
        Text(
            "{act}: contraindicated, {which}" if certain else "{act}: possibly contraindicated, {which}",
            "{act} : contre-indication, {which}" if certain else "{act} : contre-indication possible, {which}",
            act=named(order),
            which=tuple(one.name for one in found),
        ),
        (
            Text(
                "Diffuse, non-localised pain is a contraindication too: check it yourself, the service cannot.",
                "Une douleur diffuse non localisée est aussi une contre-indication : à vérifier soi-même, le service ne peut pas la lire.",
            ),
        ),
        _shown_of(found, order),
        remarks=_not_looked_up(every),
    )


def _shown_of(found: list[Contraindication], order: Order) -> tuple[Basis, ...]:
    return (order, *(fact for one in found for fact in one.basis))


def _not_looked_up(every: tuple[Contraindication, ...]) -> tuple[Text, ...]:
    unknown = tuple(one.name for one in every if one.holds is None)
    if not unknown:
        return ()
    return (Text("Could not be looked up: {which}", "N'a pas pu être vérifié : {which}", which=unknown),)


def _relative(order: Order, patient: Facts) -> Iterator[Contraindication]:
    for finding, name in (
        ("posterior-wall-involvement", Text("posterior wall involvement", "atteinte du mur postérieur")),
        ("radiculopathy", Text("radiculopathy", "radiculopathie")),
        ("epidural-extension", Text("epidural extension", "extension épidurale")),
        ("joint-breach", Text("breach of the joint", "effraction articulaire")),
        (POSTERIOR_ARCH, Text("posterior arch involvement", "atteinte de l'arc postérieur")),
    ):
        fact = patient.finding(finding, order.regions)
        yield Contraindication(name, fact.test(lambda found: found.flag), (fact,))
    for concepts, name in (
        (sets.RADICULOPATHY, Text("radiculopathy", "radiculopathie")),
        (sets.SPINAL_CORD_COMPRESSION, Text("spinal cord compression", "compression médullaire")),
    ):
        yield _of_condition(name, patient, active_conditions(patient, concepts))


POSTERIOR_ARCH = "posterior-arch-involvement"


@rule(
    "cementoplasty-relative-contraindication",
    title=Text("Relative contraindications of cementoplasty", "Contre-indications relatives de la cimentoplastie"),
    citations=(rao("interventional", "§1, Tableau 8"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("conditions", "finding"),
    severest=Indicator.WARNING,
    reading=Text(
        "Spinal cord compression is read as extension into the canal (our reading). ONC offers cementoplasty in cord "
        "compression: the referential wins.",
        "Une compression médullaire est lue comme une extension canalaire (notre lecture). ONC propose la "
        "cimentoplastie dans la compression médullaire : le référentiel l'emporte.",
    ),
)
def cementoplasty_relative_contraindication(order: Order, patient: Facts) -> Outcome:
    """Posterior wall or arch, radiculopathy, canal or epidural extension, joint breach, cord compression."""
    every = tuple(_relative(order, patient))
    blocked = unless_all(
        that(
            Text("a relative contraindication is on record", "une contre-indication relative est enregistrée"),
            either(*(one.holds for one in every)),
            *(fact for one in every for fact in one.basis),
        )
    )
    if blocked:
        return blocked
    found = [one for one in every if one.holds]
    detail = [
        Text(
            "Surgery, or a combination with radiotherapy, is discussed case by case.",
            "Une chirurgie, ou une association à la radiothérapie, est discutée au cas par cas.",
        )
    ]
    arch = patient.finding(POSTERIOR_ARCH, order.regions)
    if arch.test(lambda finding: finding.flag):
        detail.append(
            Text(
                "Involvement of the posterior arch asks for surgical stabilisation.",
                "Une atteinte de l'arc postérieur demande une stabilisation chirurgicale.",
            )
        )
    return Advice(
        Indicator.WARNING,
        Text(
            "{act}: relative contraindication, {which}",
            "{act} : contre-indication relative, {which}",
            act=named(order),
            which=tuple(dict.fromkeys(one.name for one in found)),
        ),
        tuple(detail),
        _shown_of(found, order),
        remarks=_not_looked_up(every),
    )


@rule(
    "cementoplasty-long-bone",
    title=Text(
        "Cement alone does not hold a long bone: percutaneous fixation with it, or surgery",
        "Le ciment seul ne tient pas un os long : fixation percutanée associée, ou chirurgie",
    ),
    citations=(rao("interventional", "§2, §6"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("orders",),
    severest=Indicator.WARNING,
)
def cementoplasty_long_bone(order: Order, patient: Facts) -> Outcome:
    """Cementoplasty of a long bone without percutaneous fixation in the order or beside it."""
    fixations = orders_of(patient, sets.PERCUTANEOUS_FIXATION)  # the order itself among them
    fixed = any(not one.regions or not one.regions.isdisjoint(order.regions) for one in fixations)
    blocked = unless_all(
        that(
            Text("the body site is a long bone", "la localisation est un os long"),
            not order.sites.isdisjoint(sets.LONG_BONE) or not bones_of(order.regions).isdisjoint(LONG_BONES),
        ),
        that(
            Text("no percutaneous fixation is ordered with it", "aucune fixation percutanée n'est prescrite avec elle"),
            not fixed,
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.WARNING,
        Text(
            "{act} of a long bone: cement alone does not resist torsion",
            "{act} d'un os long : le ciment seul ne résiste pas à la torsion",
            act=named(order),
        ),
        (
            Text(
                "Percutaneous fixation with it, or surgery.",
                "Fixation percutanée associée, ou chirurgie.",
            ),
        ),
        (order,),
    )


@rule(
    "cementoplasty-imaging",
    title=Text(
        "The region is imaged before a cementoplasty: vertebra by CT and MRI, pelvis and hip by CT",
        "La région est imagée avant une cimentoplastie : vertèbre par scanner et IRM, bassin et hanche par scanner",
    ),
    citations=(CIM, CHU),
    trigger=CEMENTOPLASTY,
    needs=("imaging", "procedures", "orders"),
    severest=Indicator.INFO,
    prerequisite=True,
    reading=Text(
        "For a vertebra CIM asks for CT and MRI, CHU for CT or MRI: CIM is followed.",
        "Pour une vertèbre CIM demande scanner et IRM, CHU scanner ou IRM : CIM est suivi.",
    ),
)
def cementoplasty_imaging(order: Order, patient: Facts) -> Outcome:
    """CT missing, or for a vertebra CT or MRI missing, of the region within the setting's days."""
    wanted = (CT, MRI) if has_vertebra(order.regions) else (CT,)
    missing = {modality: negated(imaged(patient, order, modality)) for modality in wanted}
    blocked = unless_all(
        that(
            Text(
                "CT (for a vertebra CT or MRI) of the region is missing in the last {days} days",
                "le scanner (pour une vertèbre scanner ou IRM) de la région manque dans les {days} derniers jours",
                days=patient.settings.imaging_valid_days,
            ),
            either(*missing.values()),
            patient.imaging,
            patient.procedures,
        )
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text("{act}: imaging of the region first", "{act} : imagerie de la région d'abord", act=named(order)),
        (
            Text("A vertebra: CT and MRI.", "Une vertèbre : scanner et IRM.")
            if MRI in wanted
            else Text("Pelvis and hip: CT.", "Bassin et hanche : scanner."),
            Text("Anaesthetic consultation.", "Consultation d'anesthésie."),
        ),
        (order,),
        items=tuple(imaging_line(patient, order, modality) for modality, holds in missing.items() if holds),
    )


@rule(
    "cementoplasty-pain-controlled",
    title=Text(
        "Pain that drugs control is no indication for a cementoplasty",
        "Une douleur contrôlée par les médicaments n'est pas une indication de cimentoplastie",
    ),
    citations=(rao("interventional", "§4"), CIM),
    trigger=CEMENTOPLASTY,
    needs=("pain_score",),
    severest=Indicator.INFO,
    reading=Text(
        "To prevent a fracture cement is debated for the referential, and done for CIM and KAS: an order for that "
        "reason is left alone.",
        "Pour prévenir une fracture, le ciment est discuté pour le référentiel, admis pour CIM et KAS : une "
        "prescription pour ce motif est laissée telle quelle.",
    ),
)
def cementoplasty_pain_controlled(order: Order, patient: Facts) -> Outcome:
    """The newest pain score is low, and the act is not to prevent a fracture."""
    score, limit = patient.pain_score, patient.settings.controlled_pain_score
    blocked = unless_all(
        that(
            Text(
                "the newest pain score is at most {limit}",
                "le dernier score de douleur est de {limit} au plus",
                limit=limit,
            ),
            score.test(lambda value: value.bounds.at_most(Decimal(limit))),
            score,
        ),
        that(
            Text("the reason is not to prevent a fracture", "le motif n'est pas la prévention d'une fracture"),
            (order.reasons | order.intents).isdisjoint(sets.PROPHYLACTIC_INTENT),
        ),
    )
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "{act}: pain is controlled, so no indication by pain",
            "{act} : douleur contrôlée, donc pas d'indication antalgique",
            act=named(order),
        ),
        (Text("To prevent a fracture, give it as the reason.", "Pour prévenir une fracture, l'indiquer comme motif."),),
        (score,),
    )


@rule(
    "cementoplasty-tumour-board",
    title=Text(
        "A cementoplasty is decided by several disciplines",
        "Une cimentoplastie est décidée en réunion pluridisciplinaire",
    ),
    citations=(rao("interventional", "§3"), CHU),
    trigger=CEMENTOPLASTY,
    needs=("orders",),
    severest=Indicator.INFO,
    prerequisite=True,
)
def cementoplasty_tumour_board(order: Order, patient: Facts) -> Outcome:
    """Every order of a cementoplasty without a tumour board ordered."""
    blocked = unless_all(no_tumour_board_ordered(patient))
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "{act}: decide in a multidisciplinary meeting (RCP)",
            "{act} : décision pluridisciplinaire (RCP)",
            act=named(order),
        ),
        (),
        (order,),
        items=(Text("multidisciplinary decision (RCP)", "décision pluridisciplinaire (RCP)"),),
    )


@rule(
    "kyphoplasty-neoplastic",
    title=Text(
        "Kyphoplasty is not indicated in a neoplastic fracture",
        "La cyphoplastie n'est pas indiquée dans une fracture néoplasique",
    ),
    citations=(rao("interventional", "§7"),),
    trigger=KYPHOPLASTY,
    needs=("conditions",),
    severest=Indicator.INFO,
)
def kyphoplasty_neoplastic(_order: Order, patient: Facts) -> Outcome:
    """Kyphoplasty ordered with a bone metastasis on record."""
    metastasis = bone_metastasis(patient)
    blocked = unless_all(metastasis)
    if blocked:
        return blocked
    return Advice(
        Indicator.INFO,
        Text(
            "Kyphoplasty: not indicated in bone metastasis (HAS 2009)",
            "Cyphoplastie : pas d'indication dans la métastase osseuse (HAS 2009)",
        ),
        (
            Text(
                "No superiority over vertebroplasty was shown.",
                "Aucune supériorité sur la vertébroplastie n'est montrée.",
            ),
        ),
        metastasis.basis,
    )
