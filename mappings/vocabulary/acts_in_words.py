"""Acts in words: the closed table by which a line of order entry names an act, and the reading of it (rules.md, same name).

French order entry sends most acts as a line of text, without a code. The word of the act heads the line: before it stands hardly
more than an article, « demande de » or an urgency; what stands behind it is site, dose, technique or reason. Words are
compared whole, without regard to case, accents and plurals (`mappings.vocabulary.lines`). The words are everyday French and
English of order entry, ours; what each is told from is that section of the specification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import ANALYTES, CTX, VITAMIN_D, Analyte
from mappings.vocabulary.lines import LONGEST_LINE, Phrase, line_of, one_word, phrases, stands_at
from mappings.vocabulary.sites_in_words import (
    NOT_BONE,
    SPINE,
    Line,
    SiteSaid,
    bones_with_sides,
    side_at,
    sites_in,
    states_a_dose,
)
from mappings.wording import Said, _

Words: TypeAlias = frozenset[str]

NO_WORDS: Words = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class ActRow:
    """One row of the table.

    `heads` are the act's words, `concepts` what a code of it would have given. Where there is any of `beside`, `near`, `dose`,
    `bone` or `first_bone`, one of them must be met: one of these words in the line, or in the head's own clause; a dose in
    grays; a bone; a bone as the first site that is named. No word of `never` may stand in the line, none of `never_near` in the
    head's clause, no phrase of `never_next` right behind the head. `in_doubt`: the head alone may be one of ours. `alone`: a
    request that a card would repeat, which may stand in a list of others. `laboratory`: one that a category of the laboratory
    tells as well as its words do.
    """

    heads: tuple[Phrase, ...]
    concepts: frozenset[str]
    beside: Words = NO_WORDS
    near: Words = NO_WORDS
    dose: bool = False
    bone: bool = False
    first_bone: bool = False
    never: Words = NO_WORDS
    never_near: Words = NO_WORDS
    never_next: tuple[Phrase, ...] = ()
    in_doubt: bool = False
    alone: bool = False
    laboratory: bool = False

    @property
    def asks_for_more(self) -> bool:
        """Its words alone do not say the act."""
        return bool(self.beside or self.near or self.dose or self.bone or self.first_bone)


@dataclass(frozen=True, slots=True)
class LineSaid:
    """What a line of order entry says.

    `concepts` are those of the acts; none where it names none of ours. `may_be` are those that it names by half: « RT T8 ».
    `bones` are as `valuesets/bones.csv` writes them, `sites` concepts of sites. `reasons` are concepts of reasons that it
    tells; `asks_a_question` is set where it tells a complaint.
    """

    concepts: frozenset[str] = frozenset()
    may_be: frozenset[str] = frozenset()
    bones: tuple[str, ...] = ()
    sites: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    asks_a_question: bool = False


NOTHING_SAID = LineSaid()

# --- what may stand before the act's word, and what ends it -----------------------------------------------------------

_BEFORE = phrases(
    *("le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "au", "aux", "en", "à visée", "n", "numéro"),
    *("demande", "prescription", "programmation", "réalisation", "séance", "mise en traitement", "par", "reprise"),
    *("intervention", "examen", "dosage", "nouvelle", "nouveau", "poursuite", "poursuivre", "début", "débuter"),
    *("prévoir", "à prévoir", "organiser", "réaliser", "faire", "merci de", "traitement par", "prise en charge en"),
    *("mise en route", "mise en place", "pose", "complément de"),
    *("antalgique", "préventif", "préventive", "palliatif", "palliative", "curatif", "curative", "prophylactique"),
    *("décompressif", "décompressive", "hémostatique"),
    *("urgent", "urgente", "urgence", "urg", "semi", "asap", "stat", "prioritaire", "rapide", "rapidement", "svp"),
    *("dès que possible", "ce jour", "priorité"),
    *("request", "request for", "order", "order for", "session of", "course of", "the", "a", "an", "of", "please"),
    *("prophylactic", "preventive", "external beam", "stereotactic body", "stereotactic", "image guided", "ct guided"),
    *("intramedullary", "whole", "whole body", "percutaneous", "serum", "fasting", "new", "balloon", "wisdom"),
    *("full mouth", "multiple", "nuclear medicine", "nm", "99mtc", "tc 99m", "tc99m", "technetium", "mdp", "hdp"),
    *("three phase", "3 phase"),
    *("beta", "β"),
)
"""Words before the act's that leave it the head of the line; figures too."""

_ANOTHER_THING = phrases(
    *("consultation", "cs", "avis", "rdv", "rendez vous", "rcp", "transport", "consult", "appointment", "advice"),
    *("non", "pas", "contre indiqué", "contre indiquée", "contraindicated", "not", "no"),
    *("réalisé", "réalisée", "effectué", "effectuée", "faite", "terminé", "terminée", "arrêté", "arrêtée", "suspendu"),
    *("suspendue", "done", "completed", "stopped", "finished", "à discuter", "impossible", "deferred", "postponed"),
    *("différé", "différée", "reporté", "reportée", "ajourné", "ajournée", "déprogrammé", "déprogrammée", "on hold"),
)
"""Right behind the act's words they make of it a visit, a journey, what was done, put off, or no act at all."""

_REFUSED = phrases(
    *("récusé", "récusée", "annulé", "annulée", "annulation", "refus", "refusé", "refusée", "non indiqué"),
    *("non indiquée", "pas indiqué", "pas indiquée", "refused", "declined", "cancelled", "canceled", "not indicated"),
)
"""Anywhere in the line they say that there is no act."""

_QUALIFIES = one_word(
    "antalgique palliatif palliative curatif curative préventif préventive externe conformationnelle stéréotaxique",
    "hypofractionnée urgent urgente de du des la le l osseux osseuse dentaire percutané percutanée",
    "centromédullaire external palliative stereotactic",
)
"""Words between the act's and what would make it another thing."""

_LINKS = one_word("et puis avec and then with")
"""Straight behind them stands a second act; so behind a plus."""

_NEW_CLAUSE = one_word(
    "après avant suite sur pour avis ATCD chez si car post bilan cancer métastase suivi surveillance recherche suspicion",
    "before after for because",
)
_NEW_CLAUSE_MARKS = ",;("
"""They end the clause in which the act's own qualities stand; what follows is why, or beside what."""

# --- the table --------------------------------------------------------------------------------------------------------

_PURPOSES = one_word("antalgique palliatif palliative externe stéréotaxique séance stereotactic external")
_BLOOD = one_word("CGR CPA PSL concentré culot globulaire érythrocytaire labile phénotypé PCR qPCR RTPCR")
_BLOOD_NEAR = one_word("plaquettaire plaquettes sanguin sang blood platelets red cells")
_PAIN = one_word("sciatique lombosciatique cruralgie névralgie EMG fessier fessière douloureux douloureuse radiculaire")
_NOT_EXTERNAL = phrases(
    *("métabolique", "interne", "vectorisé", "vectorisée", "de contact", "peropératoire", "per opératoire"),
    *(
        "intra opératoire",
        "intraopératoire",
        "curiethérapie",
        "contacthérapie",
        "internal",
        "intraoperative",
        "contact",
    ),
    *("scanner", "TDM", "IRM", "dosimétrie", "centrage", "repérage", "planning", "simulation"),
)
"""Radiotherapy that is not external, and what precedes it."""

_RADIONUCLIDES = one_word(
    "samarium strontium radium lutétium lutetium iode yttrium métabolique vectorisé vectorisée curiethérapie"
)
_INFECTION = one_word(
    "infection infectieux infectieuse infecté ostéite ostéomyélite bactériologie bactériologique spondylodiscite",
    "discite abcès septique mycobactérie tuberculose culture osteomyelitis infected bacteriology",
)
_NO_BONE_BIOPSY = _INFECTION | one_word(
    "médullaire ostéomédullaire moelle marrow discovertébral discovertébrale disco BOM"
)
_OTHER_TRACERS = one_word(
    "PSMA choline fluorocholine FNa NaF DOTATOC DOTATATE DOTANOC DOPA FDOPA FES FAPI FET amyloïde florbétapir méthionine"
)
_NO_BONE_SCAN = one_word("leucocyte polynucléaire MIBG octréotide DMSA MAG3 sentinelle")
_NO_BONE_SCAN_NEAR = one_word(
    "myocardique cardiaque pulmonaire rénal rénale thyroïde thyroïdien thyroïdienne parathyroïde parathyroïdienne",
    "ventilation iode hépatobiliaire hépatique cérébral cérébrale salivaire gastrique digestive",
)
_NOT_A_TOOTH = one_word(
    "cataracte sonde JJ calcul lithiase fécalome pacemaker stent matériel vis clou ongle unguéal unguéale fœtal fœtale",
    "instrumentale ventouse lipome",
)
_ANTIBIOTICS_AND_CURES = one_word(
    "céfotaxime cefotaxime cyclophosphamide cyclophosphamid endoxan antibiogramme antibiotique antibiothérapie antibiotic",
    "CMI etest BLSE souche hémoculture amoxicilline ceftriaxone vancomycine gentamicine amikacine métronidazole",
    "pipéracilline tazobactam ofloxacine lévofloxacine ciprofloxacine clavulanique doxorubicine adriamycine vincristine",
    "fludarabine rituximab urinaire urine urinary NTX",
)
_A_CURE = one_word("cure perfusion mg g IV IVL IVSE résistance sensibilité résistant sensible injectable")
_LABORATORY_OF_OTHERS = one_word(
    "urinaire urine urinary ionisé ionized ionised LCR liquide ascite pleural pleurale drain clairance clearance ratio",
    "rapport kinase protéinurie calciurie 24h diurèse",
)

_LONG_BONES_PELVIS_SPINE = frozenset(
    {"femur", "humerus", "tibia", "fibula", "radius", "ulna", "pelvis", "acetabulum", "spine"}
)
"""The bones whose osteosynthesis is one of ours; that of a hand, a jaw or a clavicle is none."""

_OTHER_REASONS = one_word(
    "chute traumatique traumatisme trauma AVP ostéoporose ostéoporotique arthrose coxarthrose gonarthrose pseudarthrose",
    "hernie discale étroit dégénératif dégénérative polyarthrite fall osteoporosis osteoporotic nonunion disc",
)
"""Why bones are operated on without a metastasis."""


def _row(concepts: Iterable[str], *heads: str, **more: object) -> ActRow:
    return ActRow(phrases(*heads), frozenset(concepts), **more)  # type: ignore[arg-type]  # the row itself says which it takes


_RADIOTHERAPY = frozenset({"radiotherapy_external_beam"})
_STEREOTACTIC = sets.STEREOTACTIC_RADIOTHERAPY

_IRRADIATION = ("irradiation", "réirradiation", "ré irradiation")

_FDI = frozenset(f"{quadrant}{tooth}" for quadrant in range(1, 5) for tooth in range(1, 9))
"""Numbers of permanent teeth (ISO 3950)."""

TOOTH_EXTRACTION = sets.TOOTH_EXTRACTION
_TEETH = one_word("dent dents dentaire dentaires molaire prémolaire canine incisive racine tooth teeth dental")
_AVULSION = phrases("avulsion")

ACTS: tuple[ActRow, ...] = (
    _row(
        _RADIOTHERAPY,
        *("radiothérapie", "RTE", "RCMI", "VMAT", "tomothérapie", "radiotherapy", "radiation therapy", "tomotherapy"),
        *("radioth", "EBRT", "XRT", "WBRT", "IMRT", "external beam radiation", "radiation treatment"),
        never_near=_RADIONUCLIDES,
        never_next=_NOT_EXTERNAL,
    ),
    _row(
        _RADIOTHERAPY,
        *_IRRADIATION,
        beside=_PURPOSES,
        dose=True,
        never=_BLOOD,
        never_near=_BLOOD_NEAR | _RADIONUCLIDES,
        never_next=_NOT_EXTERNAL,
    ),
    _row(
        _RADIOTHERAPY,
        *_IRRADIATION,
        beside=one_word("médullaire"),
        bone=True,
        never=_BLOOD | _PAIN,
        never_near=_BLOOD_NEAR | _RADIONUCLIDES,
        never_next=_NOT_EXTERNAL,
        in_doubt=True,
    ),
    _row(
        _RADIOTHERAPY,
        "radiation",
        beside=_PURPOSES,
        dose=True,
        bone=True,
        never=_BLOOD | _PAIN,
        never_near=_BLOOD_NEAR | _RADIONUCLIDES,
        never_next=(*_NOT_EXTERNAL, *phrases("therapy", "treatment", "oncology", "protection", "safety", "exposure")),
    ),
    _row(
        _RADIOTHERAPY,
        "RT",
        beside=_PURPOSES,
        dose=True,
        never=_BLOOD,
        never_near=_RADIONUCLIDES,
        never_next=_NOT_EXTERNAL,
        in_doubt=True,
    ),
    _row(
        _RADIOTHERAPY,
        *("RTX", "RxT"),
        beside=_PURPOSES,
        dose=True,
        never=_BLOOD | one_word("rituximab mg mg/m2 cure perfusion IV"),
        never_near=_RADIONUCLIDES,
        never_next=_NOT_EXTERNAL,
        in_doubt=True,
    ),
    _row(
        _STEREOTACTIC, "SBRT", "SABR", "radiochirurgie", "Cyberknife", "radiosurgery", never=one_word("biopsie biopsy")
    ),
    _row(
        _STEREOTACTIC,
        "stéréotaxie",
        beside=one_word("séance fraction fx"),
        dose=True,
        bone=True,
        never=one_word("biopsie biopsy électrode mammotome macrobiopsie"),
        in_doubt=True,
    ),
    _row({"cementoplasty_extraspinal"}, "cimentoplastie", "cimento", "cementoplasty"),
    _row({"vertebroplasty"}, "vertébroplastie", "spondyloplastie", "vertebroplasty"),
    _row({"sacroplasty"}, "sacroplastie", "sacroplasty"),
    _row({"kyphoplasty"}, "kyphoplastie", "cyphoplastie", "kyphoplasty"),
    _row(
        {"limb_surgery_osteosynthesis"},
        *("enclouage", "clou gamma", "clou centromédullaire", "clou centro médullaire", "nailing", "gamma nail"),
        *("IM nail", "intramedullary nail", "cephalomedullary nail"),
    ),
    _row({"limb_surgery_osteosynthesis"}, "ostéosynthèse", "osteosynthesis", first_bone=True),
    _row(sets.SPINAL_DECOMPRESSION, "laminectomie", "décompression médullaire", "laminectomy"),
    _row(
        sets.BONE_SCINTIGRAPHY,
        "scintigraphie",
        "scinti",
        near=one_word("osseux osseuse os squelette"),
        never=_NO_BONE_SCAN,
        never_near=_NO_BONE_SCAN_NEAR,
    ),
    _row(sets.BONE_SCINTIGRAPHY, "bone scan", "bone scintigraphy"),
    _row(
        sets.FDG_PET,
        *("TEP", "PET", "TEPscan", "PETscan", "FDG PET", "FDG TEP", "18F FDG PET", "18F FDG TEP", "18FDG PET"),
        *("18FDG TEP", "F18 FDG PET", "F18 FDG TEP"),
        beside=one_word("FDG 18FDG F18FDG fluorodésoxyglucose"),
        never=_OTHER_TRACERS,
    ),
    _row(
        sets.BONE_BIOPSY,
        "ponction biopsie",
        "biopsie",
        first_bone=True,
        never=_NO_BONE_BIOPSY,
    ),
    _row(sets.BONE_BIOPSY, "bone biopsy", "vertebral biopsy", never=_NO_BONE_BIOPSY),
    _row(TOOTH_EXTRACTION, "avulsion", "extraction", beside=_TEETH, never=_NOT_A_TOOTH),
    _row(TOOTH_EXTRACTION, "tooth extraction", "teeth extraction", "dental extraction"),
    _row(
        CTX.concepts,
        *("CTX", "crosslaps", "C télopeptide", "télopeptide C terminal", "télopeptide C", "C telopeptide"),
        never=_ANTIBIOTICS_AND_CURES,
        never_near=_A_CURE,
        never_next=phrases("M", "E test"),
    ),
)
"""The acts. Of several rows at one word the longest head counts, then the first whose conditions are met."""


def _request_of(analyte: Analyte) -> ActRow:
    """The request of an analyte by the words of its row; one that is a drug's name too needs the laboratory beside it."""
    is_a_drug = analyte.id == VITAMIN_D.id
    return _row(
        {concept for concept in analyte.ordered_by if concept.startswith(_ORDER_OF)},
        *analyte.words,
        *(_SHORT_NAMES if is_a_drug else ()),
        beside=one_word("dosage") if is_a_drug else NO_WORDS,
        never=_LABORATORY_OF_OTHERS | _OF_A_DRUG | (_ACTIVE_FORM if is_a_drug else NO_WORDS),
        alone=True,
        laboratory=True,
    )


_ORDER_OF = "order_"
_SHORT_NAMES = ("25 OH", "25OH", "25 OH vitamine D", "25OH vitamine D", "25 OH vitamin D")
_ACTIVE_FORM = one_word("1 calcitriol")
"""Of « 1,25 OH » vitamin D."""

_OF_A_DRUG = one_word("ampoule ampoules UI IU gouttes comprimé comprimés tablet concentré irradié CPA")

_LABORATORY_REQUESTS = tuple(
    _request_of(analyte) for analyte in ANALYTES if analyte.request is not None and analyte.words
)

REQUESTS: tuple[ActRow, ...] = (
    _row(
        sets.ORTHOPANTOMOGRAM & {"orthopantomogram"},
        *("panoramique dentaire", "panoramique", "orthopantomogramme", "radiographie panoramique dentaire"),
        *("panorex", "orthopantomogram", "panoramic radiograph"),
        alone=True,
    ),
    _row(
        sets.DENTAL_REQUEST,
        *("bilan dentaire", "bilan bucco dentaire", "bilan stomatologique", "bilan de stomatologie"),
        *("consultation dentaire", "consultation bucco dentaire", "consultation de stomatologie"),
        *("consultation stomatologie", "bilan stomatologie", "dental examination", "dental assessment"),
        alone=True,
    ),
    *_LABORATORY_REQUESTS,
    _row({"panel_blood_count"}, "NFS", "numération formule sanguine", alone=True, laboratory=True),
    _row(
        frozenset(),
        *("consultation d'anesthésie", "consultation anesthésie", "consultation pré anesthésique"),
        alone=True,
    ),
    _row(sets.TUMOUR_BOARD, "RCP", "tumour board", "tumor board", alone=True),
)
"""Requests that a card would ask for: they count as ordered, and nothing more."""

_REASONS: tuple[tuple[tuple[Phrase, ...], frozenset[str]], ...] = (
    (
        phrases(
            "métastase", "métastatique", "lésion secondaire", "localisation secondaire", "metastasis", "metastatic"
        ),
        sets.BONE_METASTASIS & {"bone_metastasis"},
    ),
    (
        phrases("fracture pathologique", "fracture sur métastase", "pathological fracture", "pathologic fracture"),
        sets.PATHOLOGICAL_FRACTURE & {"pathological_fracture"},
    ),
)
"""What a line may tell as the reason of an operation."""

_COMPLAINTS = one_word(
    "douleur douloureux douloureuse algie rachialgie lombalgie fracture traumatisme chute infection ostéite",
    "algodystrophie descellement pain",
)
"""A reason that asks something new of an examination."""

_STEREOTACTIC_WORDS = one_word("stéréotaxique stéréotaxie stereotactic SBRT cyberknife radiochirurgie")
_EXPANSION = one_word("expansion ballonnet balloon")
_PREVENTIVE = one_word("préventif préventive prophylactique prophylactic preventive")
_PERCUTANEOUS = one_word("percutané percutanée percutaneous")
_FIXATION = phrases("vissage", "ostéosynthèse", "fixation", "screw fixation", "osteosynthesis")


# --- the lines of a site ----------------------------------------------------------------------------------------------

ORDERED: frozenset[str] = frozenset().union(
    sets.RADIOTHERAPY,
    sets.RADIOTHERAPY_PREPARATION,
    sets.INTERVENTIONAL_RADIOLOGY,
    sets.BONE_SURGERY,
    sets.BONE_BIOPSY,
    sets.BONE_SCINTIGRAPHY,
    sets.FDG_PET,
    sets.PET_WITHOUT_TRACER,
    sets.TOOTH_EXTRACTION,
    sets.DENTAL_EXAMINATION,
    sets.DENTAL_TREATMENT,
    sets.DENTAL_REQUEST,
    sets.ORTHOPANTOMOGRAM,
    sets.ORTHOPAEDIC_CONSULTATION,
    sets.TUMOUR_BOARD,
    sets.CT,
    sets.MRI,
    sets.RADIOGRAPHS,
    *(analyte.concepts | analyte.ordered_by for analyte in ANALYTES if analyte.request is not None),
)
"""What a line of order entry may order."""

LONGEST_ADDED = 12
"""Words of a line that a site adds: it is the beginning of the lines that it stands for."""


def added_row(written: str, concepts: frozenset[str]) -> ActRow:
    """A row that a site adds: lines that begin so order these acts, or none of ours where there are no concepts.

    Raises `ValueError` with what is wrong of it.
    """
    said = tuple(word.folded for word in line_of(written))
    if len(written) > LONGEST_LINE or len(said) > LONGEST_ADDED:
        told = _("a line has at most {words} words and {signs} characters", words=LONGEST_ADDED, signs=LONGEST_LINE)
        raise ValueError(Said(told))
    if not any(letter.isalpha() for word in said for letter in word):
        raise ValueError(Said(_("a line begins with a word; this one has none")))
    if other := sorted(concepts - ORDERED):
        told = _("{acts}: no act or examination that a line of order entry orders", acts=", ".join(other))
        raise ValueError(Said(told))
    return ActRow((said,), concepts)


# --- reading ----------------------------------------------------------------------------------------------------------


class Lines:
    """The table ready to read lines: ours, and the lines that a site adds."""

    __slots__ = ("_rows",)

    def __init__(self, added: Iterable[ActRow] = ()) -> None:
        rows: dict[str, list[tuple[Phrase, ActRow]]] = {}
        for row in (*added, *ACTS, *REQUESTS):
            for head in row.heads:
                rows.setdefault(head[0], []).append((head, row))
        self._rows: Mapping[str, list[tuple[Phrase, ActRow]]] = {
            first: sorted(several, key=lambda one: -len(one[0])) for first, several in rows.items()
        }

    def read(self, text: str, *, laboratory: bool = False) -> LineSaid:
        """What a line says; `laboratory` where its category says that it asks the laboratory. Linear in its length."""
        line = line_of(text)
        start, begin = _head(line, self._rows)
        if start is None or any(_holds(line, said) for said in _REFUSED):
            return NOTHING_SAID
        sites = tuple(sites_in(line, begin))
        met, in_doubt, end = self._at(line, start, sites, laboratory=laboratory)
        if met is None:
            return LineSaid(may_be=in_doubt)
        concepts, only_requests = _concepts(met, line, sites), met.alone
        for place in range(end, len(line)):
            if not _is_second(line, place, is_list=met.alone):
                continue
            second, _doubt, _end = self._at(line, place, sites, laboratory=laboratory)
            if not concepts.isdisjoint(sets.CEMENTOPLASTY) and _fixes_through_skin(line, place):
                concepts |= sets.PERCUTANEOUS_FIXATION
            elif second is not None:
                concepts |= _concepts(second, line, sites)
                only_requests = only_requests and second.alone
        if only_requests:
            return LineSaid(concepts)
        return _said(concepts, line, begin, sites)

    def _at(
        self, line: Line, place: int, sites: tuple[SiteSaid, ...], *, laboratory: bool
    ) -> tuple[ActRow | None, frozenset[str], int]:
        """The row whose head stands here and whose conditions are met; the concepts of one in doubt; where its head ends."""
        in_doubt: frozenset[str] = frozenset()
        for head, row in self._rows.get(line[place].folded, ()):
            if not stands_at(line, place, head):
                continue
            end = place + len(head)
            if _is_another_thing(line, end, row):
                continue
            if _met(row, head, line, end, sites, laboratory=laboratory):
                return row, frozenset(), end
            if row.in_doubt and row.never.isdisjoint(word.folded for word in line):
                in_doubt |= row.concepts
        return None, in_doubt, place


_AFTER_ITS_SITE = phrases(
    *("radiotherapy", "radiation therapy", "radiation treatment", "EBRT", "XRT", "SBRT", "SABR", "radiosurgery"),
    *("vertebroplasty", "kyphoplasty", "cementoplasty", "nailing", "IM nail", "osteosynthesis", "laminectomy"),
    *("bone biopsy", "biopsy", "extraction"),
)
"""English acts, before which their bone and side stand: « left femur radiotherapy »."""


_REGIONS = one_word("hip pelvis pelvic shoulder knee neck skull leg arm")
"""Where an act is done, without a word on which bone."""


def _head(line: Line, rows: Mapping[str, list[tuple[Phrase, ActRow]]]) -> tuple[int | None, int]:
    """The place of the act's word that heads the line, and where the line begins to name sites.

    Sites stand before an English word, or before a colon: « L3 : radiothérapie ».
    """
    sites = {site.place: site for site in sites_in(line, 0)}
    place, begin = 0, None
    while place < len(line):
        word = line[place]
        if any(stands_at(line, place, head) for head, _row in rows.get(word.folded, ())):
            if begin is None:
                return place, place
            return (place, begin) if _may_follow_sites(line, place) else (None, 0)
        skipped = max(
            (len(one) for one in _BEFORE_BY_WORD.get(word.folded, ()) if stands_at(line, place, one)), default=0
        )
        if not skipped and not word.is_figure:
            if place not in sites and not side_at(line, place) and word.folded not in _REGIONS:
                return None, 0
            begin = place if begin is None else begin
        place += skipped or (sites[place].length if place in sites else 1)
    return None, 0


def _may_follow_sites(line: Line, place: int) -> bool:
    if ":" in line[place - 1].after or (line[place].folded == "rt" and states_a_dose(line)):
        return True
    return any(stands_at(line, place, one) for one in _AFTER_ITS_SITE)


def _by_first_word(several: Iterable[Phrase]) -> dict[str, list[Phrase]]:
    found: dict[str, list[Phrase]] = {}
    for one in several:
        found.setdefault(one[0], []).append(one)
    return found


_BEFORE_BY_WORD = _by_first_word(_BEFORE)


def _holds(line: Line, wanted: Phrase) -> bool:
    return any(stands_at(line, place, wanted) for place in range(len(line)))


def _is_another_thing(line: Line, end: int, row: ActRow) -> bool:
    """A visit, a journey or a negation right behind the act's words, or what makes of it a look-alike."""
    if any(stands_at(line, end, one) for one in row.never_next):
        return True
    if row.alone:
        return False
    place = end
    while place < len(line) and line[place].folded in _QUALIFIES:
        place += 1
    return any(stands_at(line, at, one) for at in {end, place} for one in _ANOTHER_THING)


def _met(row: ActRow, head: Phrase, line: Line, end: int, sites: tuple[SiteSaid, ...], *, laboratory: bool) -> bool:
    said, clause = {word.folded for word in line}, _clause(line, end)
    if not row.never.isdisjoint(said) or not row.never_near.isdisjoint(clause):
        return False
    if row.concepts & sets.BONE_SURGERY and _is_of_another_bone_or_reason(line, said, sites):
        return False
    if not row.asks_for_more:
        return True
    if head in _AVULSION and _tooth_number_at(line, end):
        return True
    if row.first_bone and _first_is_bone(row, sites):
        return True
    return (
        (row.laboratory and laboratory)
        or not row.beside.isdisjoint(said)
        or not row.near.isdisjoint(clause)
        or (row.dose and states_a_dose(line))
        or (row.bone and any(site.is_bone for site in sites))
    )


def _clause(line: Line, end: int) -> Words:
    """The words behind the head, up to where why or beside what begins."""
    found = []
    for place in range(end, len(line)):
        if place > 0 and any(mark in line[place - 1].after for mark in _NEW_CLAUSE_MARKS):
            break
        if line[place].folded in _NEW_CLAUSE:
            break
        found.append(line[place].folded)
    return frozenset(found)


def _is_of_another_bone_or_reason(line: Line, said: set[str], sites: tuple[SiteSaid, ...]) -> bool:
    """Of a hand, a face; or for a reason that is no metastasis."""
    of_another = bool(sites) and not sites[0].is_bone and not sites[0].concept
    return of_another or (not said.isdisjoint(_OTHER_REASONS) and not _reasons(line))


def _first_is_bone(row: ActRow, sites: tuple[SiteSaid, ...]) -> bool:
    """The first site is a bone; for surgery one of those that rules are about."""
    if not sites or not sites[0].is_bone:
        return False
    if not row.concepts & sets.BONE_SURGERY:
        return True
    return any(bone.partition(":")[0] in _LONG_BONES_PELVIS_SPINE for bone in sites[0].bones)


_NUMBERED = one_word("de du des la le les l dent n no numéro numéros")
_TIMES = one_word("jour jours j semaine semaines sem mois h heure heures an ans")


def _tooth_number_at(line: Line, place: int) -> bool:
    """The number of a tooth follows, and is no count of days."""
    while place < len(line) and line[place].folded in _NUMBERED:
        place += 1
    if place >= len(line) or line[place].folded not in _FDI:
        return False
    return place + 1 >= len(line) or line[place + 1].folded not in _TIMES


def _is_second(line: Line, place: int, *, is_list: bool) -> bool:
    """Straight behind a plus, an « et », « puis », « avec »; in a list of requests behind a comma or a stroke too."""
    marks = line[place - 1].after
    if "+" in marks or line[place - 1].folded in _LINKS:
        return True
    return is_list and any(mark in marks for mark in ",;/")


def _fixes_through_skin(line: Line, place: int) -> bool:
    """A screw or an osteosynthesis through the skin."""
    said = next((one for one in _FIXATION if stands_at(line, place, one)), None)
    if said is not None:
        ahead = line[place + len(said) : place + len(said) + 2]
        return any(word.folded in _PERCUTANEOUS for word in ahead)
    if line[place].folded not in _PERCUTANEOUS:
        return False
    return any(stands_at(line, place + 1, one) for one in _FIXATION)


def _concepts(row: ActRow, line: Line, sites: tuple[SiteSaid, ...]) -> frozenset[str]:
    """The concepts of a row, as technique and site make them."""
    said = {word.folded for word in line}
    concepts = row.concepts
    if concepts & _RADIOTHERAPY and not said.isdisjoint(_STEREOTACTIC_WORDS):
        return _STEREOTACTIC
    if concepts & {"vertebroplasty"} and not said.isdisjoint(_EXPANSION):
        return frozenset({"kyphoplasty"})
    if concepts & {"cementoplasty_extraspinal"}:
        bones = {bone.partition(":")[0] for site in sites for bone in site.bones}
        if "acetabulum" in bones:
            return frozenset({"cementoplasty_acetabulum"})
        return frozenset({"vertebroplasty"}) if bones == {"spine"} else concepts
    if concepts & {"limb_surgery_osteosynthesis"} and not said.isdisjoint(_PREVENTIVE):
        return frozenset({"prophylactic_nailing"})
    return concepts


_SACRUM = "spine:25-29"
_WHOLE_SPINE = "spine:1-30"


def _said(concepts: frozenset[str], line: Line, start: int, sites: tuple[SiteSaid, ...]) -> LineSaid:
    bones = bones_with_sides(line, start, _without_wider(line, tuple(site for site in sites if site.is_bone)))
    levels = [bone for bone in bones if bone != _WHOLE_SPINE]
    if len(levels) < len(bones) and any(bone.startswith("spine:") for bone in levels):
        bones = tuple(levels)
    if not bones and concepts & {"sacroplasty"}:
        bones = (_SACRUM,)
    if not bones and concepts & (sets.VERTEBROPLASTY | sets.KYPHOPLASTY | sets.SPINAL_DECOMPRESSION):
        bones = (_WHOLE_SPINE,)
    named = frozenset(site.concept for site in sites if site.concept and site.is_bone)
    named = named or frozenset(NOT_BONE for site in sites if site.concept) | {
        site.concept for site in sites if site.concept
    }
    if any(bone.startswith("spine:") for bone in bones):
        named |= {SPINE}
    words = {word.folded for word in line[start:]}
    return LineSaid(
        concepts,
        bones=bones,
        sites=named,
        reasons=_reasons(line) if concepts & (sets.BONE_SURGERY | sets.BONE_BIOPSY) else frozenset(),
        asks_a_question=not words.isdisjoint(_COMPLAINTS),
    )


_PARTS_SITES = ",;+/"


def _without_wider(line: Line, sites: tuple[SiteSaid, ...]) -> tuple[SiteSaid, ...]:
    """Without a stretch of the spine that stands beside a part of it: « rachis lombaire L3 » is L3."""
    runs: list[list[SiteSaid]] = []
    for site in sites:
        if runs and _stands_behind(line, runs[-1][-1], site):
            runs[-1].append(site)
        else:
            runs.append([site])
    return tuple(site for run in runs for site in run if not any(_is_part_of(other, site) for other in run))


def _stands_behind(line: Line, before: SiteSaid, site: SiteSaid) -> bool:
    """With nothing between the two that would part them."""
    marks = line[site.place - 1].after
    return before.place + before.length == site.place and not any(mark in _PARTS_SITES for mark in marks)


def _is_part_of(one: SiteSaid, whole: SiteSaid) -> bool:
    """Two stretches of the spine that share a vertebra, of which one is the shorter."""
    part, of = _stretch_of(one.bones), _stretch_of(whole.bones)
    if part is None or of is None:
        return False
    return part[0] <= of[1] and of[0] <= part[1] and part[1] - part[0] < of[1] - of[0]


def _stretch_of(bones: tuple[str, ...]) -> tuple[int, int] | None:
    """The first and the last vertebra of a site that is one stretch of the spine."""
    if len(bones) != 1 or not bones[0].startswith("spine:"):
        return None
    first, _dash, last = bones[0].removeprefix("spine:").partition("-")
    return int(first), int(last)


_DENIES = one_word("sans pas absence aucune aucun no without non")


def _reasons(line: Line) -> frozenset[str]:
    """The reasons of an operation that the line tells and does not deny."""
    found: frozenset[str] = frozenset()
    for said, concepts in _REASONS:
        for one in said:
            for place in range(len(line)):
                if stands_at(line, place, one) and not any(
                    word.folded in _DENIES for word in line[max(0, place - 2) : place]
                ):
                    found |= concepts
    return found
