"""Words and forms by which a record tells that a drug is used in one place only (rules.md, "Exposure": local use).

French and English words of everyday prescribing, compared whole (`mappings.vocabulary.lines`); the forms and routes that have
a code are concepts of the value sets (EDQM Standard Terms; routes in SNOMED CT and HL7 v3 too).
"""

from __future__ import annotations

from enum import Flag, auto
from functools import lru_cache

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.code_systems import EDQM, located
from mappings.vocabulary.lines import LONGEST_LINE, Phrase, Word, line_of, one_word, phrases, stands_at

REMEMBERED_TEXTS = 2048
"""Texts whose reading is kept, of at most 512 characters each."""

ONLY_WHERE_USED = sets.SYSTEMIC_CORTICOSTEROIDS | sets.ANTITHROMBOTICS
"""Drugs to which local use is no exposure, whatever the place."""

HEPARINS = sets.LOW_MOLECULAR_WEIGHT_HEPARINS | {"heparin", "heparin_combination", "heparin_group_prefix"}
"""Drugs that keep a catheter open as well."""


class SiteOfAction(Flag):
    """What a text, a route or a form tells of where a drug acts."""

    UNSAID = 0
    SYSTEMIC = auto()
    LOCAL = auto()
    """On skin, in eye, ear, nose, mouth, joint, bronchi: no exposure to `ONLY_WHERE_USED`."""

    PLACE = auto()
    """A word for a place, which may be another matter."""

    APPLIED = auto()
    """A word for putting something there."""

    IN_ONE_ORGAN = auto()
    """In the vitreous or the bladder: no exposure to any drug."""

    IN_A_CATHETER = auto()
    """As a lock, a flush, a dwell: no exposure to a heparin."""


_ROUTES = {
    "route_oral": phrases(
        *("oral", "orale", "per os", "po", "by mouth", "orally", "zum einnehmen", "einnehmen", "peroral"),
    ),
    "route_intravenous": phrases(
        *("intraveineux", "intraveineuse", "intra veineuse", "intravenous", "iv", "ivl", "ivse", "intravenös"),
    ),
    "route_subcutaneous": phrases(
        *("sous cutané", "sous cutanée", "sous cutanément", "sub cutané", "sub cutanée", "subkutan"),
        *("subcutaneous", "subcutaneously", "sc", "s c"),
    ),
    "route_intramuscular": phrases(
        *("intramusculaire", "intra musculaire", "im", "intramuscular", "intramuskulär"),
    ),
}
"""What a route is called, by its concept."""

_SYSTEMIC = (
    *(phrase for several in _ROUTES.values() for phrase in several),
    *phrases(
        "voie générale", "avaler", "swallow", "schlucken", "gastrique", "perfusion", "infusion", "infusionslösung"
    ),
    *phrases("parentéral", "parentérale", "parenteral", "intraosseux"),
)
_LOCAL = phrases(
    *("topique", "topical", "topically", "crème", "cream", "pommade", "ointment", "onguent", "lotion", "gel"),
    *("shampooing", "shampoo", "emplâtre", "usage externe", "external use", "application locale", "voie locale"),
    *("dermocorticoïde", "mousse cutanée", "spray cutané", "émulsion cutanée", "voie cutanée"),
    *("collyre", "eye drop", "eye ointment", "ear drop", "nose drop", "nasal spray", "spray nasal", "intranasal"),
    *("intranasale", "goutte auriculaire", "goutte nasale", "goutte ophtalmique", "sous conjonctival"),
    *("sous conjonctivale", "pulvérisation nasale", "bain de bouche", "mouthwash", "mouth wash", "mouth rinse"),
    *("gargarisme", "dentifrice", "collutoire", "swish and spit", "pâte buccale", "oral paste", "oral rinse"),
    *("inhalé", "inhalée", "inhalation", "inhaled", "inhaler", "inhalateur", "nébulisation", "nébuliseur", "nébulisé"),
    *("nebulised", "nebulized", "nebuliser", "nebulizer", "nebulisation", "aérosol", "aerosol", "bouffée", "puff"),
    *("mousse rectale", "rectal foam", "intra articulaire", "intraarticulaire", "intra articular", "intraarticular"),
    *("périarticulaire", "péri articulaire", "periarticular", "infiltration", "intrabursal", "intra bursale"),
    *("corticothérapie locale", "corticoïde local", "corticoïde locaux"),
    *("intralésionnel", "intralésionnelle", "intralesional", "joint injection", "into the joint"),
    *("épilésionnel", "épilésionnelle", "epilesional", "péritendineux", "péritendineuse", "péri tendineux"),
    *("péri tendineuse", "peritendinous", "badigeonner", "badigeon", "couche mince", "thin layer", "affected area"),
    *("affected areas", "zone atteinte", "gargle", "gargariser", "spit", "recracher", "ophth", "ophtal"),
    *("sur la lésion", "sur les lésions", "sur les plaques", "on the lesions", "on the rash"),
    *(
        "salbe",
        "augensalbe",
        "haftsalbe",
        "wundsalbe",
        "creme",
        "hautcreme",
        "augentropfen",
        "ohrentropfen",
        "nasentropfen",
    ),
    *("nasenspray", "mundspülung", "mundspüllösung", "gurgellösung", "inhalat", "inhalativ", "inhalationslösung"),
    *(
        "inhalationspulver",
        "dosieraerosol",
        "pulverinhalator",
        "rektalschaum",
        "intraartikulär",
        "periartikulär",
        "topisch",
    ),
    *("äußerlich", "auf der haut", "auf die haut", "zur anwendung auf der haut", "ins auge", "ins ohr", "in die nase"),
    *("ins gelenk", "kopfhautlösung", "hautlösung", "hautspray"),
)
_PLACES = phrases(
    *("cutané", "cutanée", "cutaneous", "dermique", "dermal", "peau", "skin", "cuir chevelu", "scalp"),
    *("ophtalmique", "ophthalmic", "oculaire", "ocular", "eye", "œil", "oeil", "yeux", "conjonctival", "conjonctivale"),
    *("auriculaire", "otique", "otic", "auricular", "ear", "oreille", "nasal", "nasale", "nasaux", "narine", "nostril"),
    *("endosinusien", "endosinusale", "gingival", "gingivale", "dentaire", "dental", "pâte", "paste", "joint"),
    *(
        "articulaire",
        "articulation",
        "genou",
        "knee",
        "épaule",
        "shoulder",
        "kutan",
        "okular",
        "aurikulär",
        "auge",
    ),
    *("augen", "ohren", "nase", "gelenk", "kopfhaut"),
)
"""Where a drug may act: in a route, a form or a product that is its use; in other words only beside an application."""

_APPLIED = phrases(
    *("appliquer", "application", "applique", "apply", "applied", "goutte", "drop", "instiller", "instillation"),
    *("pulvérisation", "spray", "étaler", "badigeonner", "masser", "voie", "route", "injection"),
    *("injecter", "inject", "rub", "auftragen", "einreiben", "tropfen", "träufeln", "spülung", "spülen"),
)
_LABELS = one_word("cr crem pde pom coll")
_TUBES = one_word("tb tube tb10g tb15g tb20g tb30g tb50g tb100g")
_IN_ONE_ORGAN = phrases(
    *("intravitréen", "intravitréenne", "intravitréal", "intravitréale", "intra vitréenne", "intra vitréen"),
    *("intravitreous", "intra vitreous"),
    *("intravitreal", "intra vitreal", "intravésical", "intravésicale", "intra vésicale", "intra vésical"),
    *("intravesical", "endovésical", "endovésicale", "instillation vésicale", "bladder instillation"),
)
_IN_A_CATHETER = phrases(
    *("verrou", "verrouillage", "lock", "heplock", "flush", "flushing", "hepflush", "rinçage", "rincer", "dwell"),
    *("amorçage", "priming", "prime", "purge", "perméabilité du cathéter", "entretien du cathéter", "catheter patency"),
    *(
        "intracathéter",
        "intra cathéter",
        "intracatheter",
        "perméabilisation",
        "entretien de cathéter",
        "maintien de la perméabilité",
        "line patency",
        "keep vein open",
        "entretien cathéter",
        "entretien du PAC",
        "entretien de chambre implantable",
        "héparinisation du cathéter",
        "héparinisation de la chambre implantable",
        "héparinisation de chambre implantable",
        "héparinisation du PAC",
        "héparinisation de la voie",
        "bouchon hépariné",
        "verrouiller",
        "catheter lumen",
        "catheter lumens",
        "lumen of catheter",
        "entretien de la chambre implantable",
    ),
)
_BY_WORD: dict[str, list[tuple[Phrase, SiteOfAction]]] = {}
for _several, _use in (
    (_SYSTEMIC, SiteOfAction.SYSTEMIC),
    (_LOCAL, SiteOfAction.LOCAL),
    (_PLACES, SiteOfAction.PLACE),
    (_APPLIED, SiteOfAction.APPLIED),
    (_IN_ONE_ORGAN, SiteOfAction.IN_ONE_ORGAN),
    (_IN_A_CATHETER, SiteOfAction.IN_A_CATHETER),
):
    for _phrase in _several:
        _BY_WORD.setdefault(_phrase[0], []).append((_phrase, _use))
for _rows in _BY_WORD.values():
    _rows.sort(key=lambda row: -len(row[0]))


def site_of_action_in_words(text: str) -> SiteOfAction:
    """Where a drug acts, as far as a text says; the longest phrase at a place counts («sous-cutané» is not the skin).

    A text of more than `LONGEST_LINE` characters says nothing, and is not kept.
    """
    return _site_of_action_in_words(text) if len(text) <= LONGEST_LINE else SiteOfAction.UNSAID


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _site_of_action_in_words(text: str) -> SiteOfAction:
    line = line_of(text)
    found, place = SiteOfAction.UNSAID, 0
    while place < len(line):
        length = 1
        for wanted, use in _BY_WORD.get(line[place].folded, ()):
            if stands_at(line, place, wanted):
                found, length = found | use, len(wanted)
                break
        place += length
    return found | SiteOfAction.LOCAL if _is_labelled_local(line, text) else found


def route_in_words(text: str) -> frozenset[str]:
    """The one route that the words of an order's route name, as its concept; none where they name several, or none of ours."""
    if len(text) > LONGEST_LINE:
        return frozenset()
    line = line_of(text)
    named = frozenset(
        concept
        for concept, several in _ROUTES.items()
        if any(stands_at(line, place, wanted) for wanted in several for place in range(len(line)))
    )
    elsewhere = site_of_action_in_words(text) & (
        SiteOfAction.LOCAL | SiteOfAction.IN_ONE_ORGAN | SiteOfAction.IN_A_CATHETER
    )
    return named if len(named) == 1 and not elsewhere else frozenset()


def _is_labelled_local(line: tuple[Word, ...], text: str) -> bool:
    """« 0,05% CR TB30G »: the form of a hospital's short labels, beside a percentage or a tube."""
    said = {word.folded for word in line}
    return not _LABELS.isdisjoint(said) and ("%" in text or not _TUBES.isdisjoint(said))


_LOCAL_BY_CODE = sets.LOCAL_ROUTES | sets.LOCAL_FORMS


def site_of_action(concepts: frozenset[str]) -> SiteOfAction:
    """Where a drug acts, as its route or form says in a code."""
    found = SiteOfAction.UNSAID
    if not concepts:
        return found
    if not concepts.isdisjoint(sets.ROUTES):
        found |= SiteOfAction.SYSTEMIC
    if not concepts.isdisjoint(_LOCAL_BY_CODE):
        found |= SiteOfAction.LOCAL
    if not concepts.isdisjoint(sets.LOCAL_OF_ANY_DRUG):
        found |= SiteOfAction.IN_ONE_ORGAN
    if not concepts.isdisjoint(sets.CATHETER_FLUSH):
        found |= SiteOfAction.IN_A_CATHETER
    return found


RECTAL_FOAM = located(EDQM, "11004000")
"""The one rectal form that is local use (EDQM Standard Terms)."""
