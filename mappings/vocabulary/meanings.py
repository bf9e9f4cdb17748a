"""What records say in words: tables of phrases, most French, English and German, compared by whole words.

Words alone are never enough to act upon; `mappings.readers.not_understood` says what becomes of a record that has no more.
"""

from __future__ import annotations

from dataclasses import dataclass

from mappings.vocabulary import concept_sets as sets
from mappings.vocabulary.analytes import CTX
from mappings.vocabulary.names import Phrase, holds, phrases, words


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """What a rule would act upon: the concepts that a code would have given, and how people write it."""

    concepts: frozenset[str]
    phrases: tuple[Phrase, ...]


def _meaning(concepts: frozenset[str], written: tuple[str, ...]) -> Meaning:
    return Meaning(concepts, phrases(*written))


_ENGLISH_BONES = (
    *(
        "spine",
        "spinal",
        "vertebral",
        "femur",
        "femoral",
        "humerus",
        "humeral",
        "pelvic bone",
        "iliac",
        "sacral",
        "rib",
    ),
    *("sternal", "lumbar", "skeletal"),
)
_AT_A_BONE = (
    *("os", "osseuse", "osseuses", "vertébrale", "vertébrales", "rachidienne", "rachidiennes"),
    *("fémorale", "fémorales", "humérale", "humérales", "iliaque", "iliaques", "sacrée"),
    *("costale", "costales", "sternale", "lombaire", "lombaires", "dorsale", "dorsales"),
    *("fémur", "humérus", "sacrum", "rachis", "bassin", "cotyle", "tibia", "sternum"),
    *("du fémur", "du col fémoral", "du sacrum", "du rachis", "du bassin", "du cotyle", "du tibia", "du sternum"),
    *("de l humérus", "de l os iliaque", "de l aile iliaque", "de l ilion", "des os", "des vertèbres", "des côtes"),
)
"""How French names a metastasis by its bone."""

CONDITIONS_SAID = (
    _meaning(
        sets.BONE_METASTASIS,
        (
            "métastase osseuse",
            "métastases osseuses",
            "métastase vertébrale",
            "métastases vertébrales",
            *(
                f"{said} {bone}"
                for said in ("métastase", "métastases", "mets", "méta", "métas", "localisation secondaire")
                for bone in _AT_A_BONE
            ),
            *(f"{bone} {said}" for said in ("metastasis", "metastases", "mets") for bone in _ENGLISH_BONES),
            "métastatique osseux",
            "métastatique osseuse",
            "tumeur maligne secondaire de l'os",
            "tumeur maligne secondaire des os",
            "bone metastasis",
            "bone metastases",
            "bone mets",
            "bony metastases",
            "osseous metastases",
            "metastatic bone disease",
            "metastatic disease to bone",
            "metastasis to bone",
            "metastases to bone",
            "secondary malignant neoplasm of bone",
            *(
                "osteolytic metastases",
                "osteoblastic metastases",
                "lésions osseuses secondaires",
                "lésion osseuse secondaire",
            ),
            *("métastases ostéolytiques", "métastases ostéocondensantes", "mét osseuse", "mét osseuses"),
            *(
                "M1 OSS",
                "Knochenmetastase",
                "Knochenmetastasen",
                "ossäre Metastase",
                "ossäre Metastasen",
                "ossären Metastasen",
            ),
            *("ossäre Filiae", "ossär metastasiert", "Skelettmetastase", "Skelettmetastasen", "Wirbelkörpermetastase"),
            *("Wirbelkörpermetastasen", "Wirbelmetastasen", "Knochenfiliae", "Metastasen im Knochen"),
            *("metástasis ósea", "metástasis óseas", "metástase óssea", "metástases ósseas", "metastasi ossea"),
            *("metastasi ossee", "botmetastase", "botmetastasen", "skelettmetastas", "skelettmetastaser"),
            *("knoglemetastase", "knoglemetastaser", "skjelettmetastase", "skjelettmetastaser", "luustometastaasi"),
            *("luustometastaasit", "luumetastaasi", "przerzuty do kości", "przerzut do kości", "kostní metastázy"),
            *("metastáze kostí", "骨転移", "転移性骨腫瘍", "骨转移", "骨轉移", "골전이", "뼈전이", "뼈 전이"),
            *("метастазы в кости", "метастазы в костях"),
        ),
    ),
    _meaning(
        sets.SPINAL_CORD_COMPRESSION,
        (
            *("compression médullaire", "queue de cheval", "spinal cord compression", "cauda equina"),
            *("Rückenmarkkompression", "Rückenmarkskompression", "Myelonkompression"),
        ),
    ),
    _meaning(
        sets.OSTEONECROSIS_OF_JAW,
        (
            "ostéonécrose de la mâchoire",
            "ostéonécrose des mâchoires",
            "ostéonécrose mandibulaire",
            "ostéonécrose maxillaire",
            "ostéochimionécrose",
            "osteonecrosis of jaw",
            "osteonecrosis of the jaw",
            "jaw osteonecrosis",
            "MRONJ",
            "BRONJ",
            "Kieferosteonekrose",
            "Kiefernekrose",
        ),
    ),
    _meaning(
        sets.PATHOLOGICAL_FRACTURE,
        (
            *("fracture pathologique", "pathological fracture", "pathologic fracture"),
            *("pathologische Fraktur", "pathologischer Fraktur"),
        ),
    ),
)
ACTS_SAID = (
    _meaning(
        sets.RADIOTHERAPY | sets.RADIOTHERAPY_PREPARATION,
        (
            "radiothérapie",
            "radiochimiothérapie",
            "irradiation",
            "stéréotaxique",
            "radiotherapy",
            "radiation therapy",
            "chemoradiotherapy",
            "SBRT",
            "EBRT",
            *("Strahlentherapie", "Radiotherapie", "Bestrahlung", "Radiochemotherapie", "Chemoradiotherapie"),
            *("radioterapia", "radioquimioterapia", "bestraling", "strålbehandling", "strålebehandling", "sädehoito"),
            *(
                "radioterapie",
                "radioterapi",
                "放射線治療",
                "放射線療法",
                "放射治療",
                "放疗",
                "방사선치료",
                "방사선 치료",
            ),
        ),
    ),
    _meaning(
        sets.CEMENTOPLASTY,
        (
            "cimentoplastie",
            "vertébroplastie",
            "cyphoplastie",
            "kyphoplastie",
            "sacroplastie",
            "cementoplasty",
            "vertebroplasty",
            "kyphoplasty",
            "sacroplasty",
            *("Vertebroplastie", "Kyphoplastie", "Zementoplastie", "Sakroplastie"),
        ),
    ),
    _meaning(
        sets.TOOTH_EXTRACTION,
        (
            "extraction dentaire",
            "extractions dentaires",
            "avulsion dentaire",
            "avulsions dentaires",
            "tooth extraction",
            "dental extraction",
            *("Zahnextraktion", "Zahnextraktionen", "Zahnentfernung"),
            *("extracción dental", "extracción dentaria", "exodoncia", "extração dentária", "exodontia"),
            *("estrazione dentaria", "tandextractie", "tandextraktion", "tannekstraksjon", "hampaan poisto"),
            *("抜歯", "拔牙", "발치"),
        ),
    ),
    _meaning(
        sets.BONE_SURGERY,
        (
            *("ostéosynthèse", "enclouage", "laminectomie", "osteosynthesis", "intramedullary nailing", "laminectomy"),
            *("Osteosynthese", "Marknagelung", "Laminektomie"),
        ),
    ),
    _meaning(
        sets.BONE_SCINTIGRAPHY,
        (
            *(
                "scintigraphie osseuse",
                "bone scan",
                "bone scintigraphy",
                "Skelettszintigraphie",
                "Knochenszintigraphie",
            ),
            *("Skelettszintigrafie", "Knochenszintigrafie"),
        ),
    ),
    _meaning(sets.FDG_PET, ("TEP FDG", "TEP au FDG", "FDG PET", "PET FDG")),
    _meaning(sets.BONE_BIOPSY, ("biopsie osseuse", "bone biopsy", "Knochenbiopsie")),
    _meaning(CTX.concepts, ("CTX", "crosslaps", "C télopeptide", "C telopeptide")),
)

ACTS_ORDERED = (
    _meaning(
        sets.RADIOTHERAPY,
        (
            *("Strahlentherapie", "Bestrahlung", "radioterapia", "bestraling", "strålbehandling"),
            *("strålebehandling", "sädehoito", "radioterapie", "radioterapi", "放射線治療", "放射線療法", "放射治療"),
            *("放疗", "방사선치료", "방사선 치료"),
        ),
    ),
    _meaning(
        sets.CEMENTOPLASTY,
        (
            *("Zementoplastie", "Sakroplastie", "vertebroplastia", "cifoplastia"),
            *("vertebroplastiek", "kyfoplastiek", "vertebroplastica", "cifoplastica", "vertebroplastik", "kyfoplastik"),
            "椎体形成術",
        ),
    ),
)
"""Orders in words of languages in which no line is read (`acts_in_words`): they may be ours. Words that are French without
their accents are read there."""

ALLERGENS_SAID = (
    _meaning(
        sets.BONE_CEMENT,
        (
            *("PMMA", "ciment osseux", "ciment chirurgical", "ciment orthopédique", "ciment acrylique", "bone cement"),
            *("orthopaedic cement", "orthopedic cement", "acrylic cement", "Knochenzement"),
            *(
                "polyméthacrylate de méthyle",
                "polyméthylméthacrylate",
                "polymethyl methacrylate",
                "polymethylmethacrylate",
            ),
            *("Polymethylmethacrylat", "méthacrylate de méthyle", "methyl methacrylate", "Methylmethacrylat"),
            *("méthacrylate", "méthacrylates", "methacrylate", "methacrylates", "Methacrylat", "Methacrylate"),
        ),
    ),
)
"""Substances that are no drug and that a rule asks an allergy about."""

DENIALS = phrases(
    *("antécédent", "antécédents", "ATCD", "history", "familial", "familiale", "family", "père", "mère"),
    *("suspicion", "suspecté", "suspectée", "suspect", "suspected", "possible", "probable", "éventuelle"),
    *(
        "exclu",
        "exclue",
        "éliminé",
        "éliminée",
        "réfuté",
        "réfutée",
        "negative",
        "refuted",
        "excluded",
        "ruled out",
        "rule out",
    ),
    *("risque", "risk", "recherche", "prévention", "prevention", "dépistage", "screening", "bilan"),
    *("consultation", "avis", "information", "UV", "UVB"),
    *("Verdacht", "V a", "Ausschluss", "ausgeschlossen", "Zustand nach", "Z n", "Anamnese"),
    *("sospecha", "descartar", "antecedente", "antecedentes", "riesgo", "suspeita", "história", "risco", "sospetto"),
    *("anamnesi", "rischio", "verdenking", "verdacht op", "misstänkt", "misstanke", "mistanke", "mistænkt", "epäily"),
    *("podejrzenie", "podezření", "疑い", "既往", "除外", "의심", "병력", "подозрение"),
    *("Konsil", "Überweisung", "Vorstellung", "Aufklärung", "Nachsorge", "Kontrolle", "interconsulta", "derivación"),
    *("consulta", "consulto", "visita", "controllo", "controle", "verwijzing", "consult", "remiss", "henvisning"),
)
"""Words that make of a text a history, a doubt, a denial or another matter."""

DENIALS_BEFORE = phrases(
    *("pas de", "pas d", "absence", "sans", "aucun", "aucune", "no", "not", "without", "kein", "keine", "ohne"),
    *("sin", "senza", "geen", "zonder", "ingen", "inga", "uten", "utan", "uden", "ei", "bez", "nie"),
)
"""Words that deny what stands behind them, and nothing before: « métastases osseuses sans fracture ».

Portuguese « sem » is a week to the French, and denies nothing.
"""

OTHER_RESULTS = phrases(
    *("urine", "urines", "urinaire", "urinaires", "urinary", "24h", "24 h", "24 heures", "diurèse", "spot"),
    *("1 25", "LCR", "CSF", "liquide", "fluid", "ascite", "pleural", "épanchement", "drain", "selles", "stool"),
    *("ionisé", "ionized", "ionised", "rapport", "ratio", "kinase", "indice", "index", "score", "canal"),
    *("naissance", "birth", "idéal", "ideal", "théorique", "perte", "loss", "gain", "cible", "target", "goal"),
    *(
        "volume",
        "moyen",
        "mean",
        "anticorps",
        "antibody",
        "oxalate",
        "allergie",
        "allergy",
        "INR",
        "Urin",
        "Sammelurin",
    ),
    *("ionisiert", "ionisiertes", "Liquor", "Quotient", "Antikörper", "Geburtsgewicht", "Zielgewicht", "Stuhl"),
    *(
        "orina",
        "urina",
        "urinario",
        "urinaria",
        "virtsa",
        "mocz",
        "moczu",
        "moč",
        "tU",
        "dU",
        "U",
        "尿中",
        "尿液",
        "소변",
    ),
    *("ionizado", "ionizzato", "iónico", "ioniseret", "joniserat", "jonisert", "ionisert", "ionisoitu", "zjonizowany"),
    *("geïoniseerd", "cociente", "razón", "razão", "rapporto", "índice", "nacimiento", "nascita", "fritt"),
    *("イオン化", "이온화"),
)
"""Words that make of a name another specimen's or another quantity's."""

# --- orders of what has no usable code (`valuesets/gaps.csv`) ---------------------------------------------------------

_PERCUTANEOUS_FIXATION = phrases(
    "percutaneous fixation",
    "percutaneous screw fixation",
    "percutaneous osteosynthesis",
    "percutaneous internal fixation",
    "fixation percutanée",
    "vissage percutané",
    "ostéosynthèse percutanée",
)
_CEMENT = phrases("cement", "cementoplasty", "PMMA", "ciment", "cimentoplastie", "polymethylmethacrylate")


def with_acts_named(concepts: frozenset[str], texts: tuple[str, ...]) -> frozenset[str]:
    """The concepts of an order with those of percutaneous fixation, and of cement beside it, where its words name them."""
    said = [tuple(words(text)) for text in texts]
    if any(holds(one, phrase) for one in said for phrase in _PERCUTANEOUS_FIXATION):
        concepts |= sets.PERCUTANEOUS_FIXATION
    if not concepts.isdisjoint(sets.PERCUTANEOUS_FIXATION) and any(
        holds(one, cement) for one in said for cement in _CEMENT
    ):
        concepts |= sets.EXTRASPINAL_CEMENTOPLASTY
    return concepts


# --- reasons ----------------------------------------------------------------------------------------------------------

_FOLLOW_UP = phrases(
    *("suivi", "surveillance", "routine", "follow", "followup", "contrôle", "staging", "bilan", "extension")
)


def names_follow_up(text: str) -> bool:
    """The text of a reason speaks of follow-up or staging, not of a new complaint."""
    said = tuple(words(text))
    return any(holds(said, phrase) for phrase in _FOLLOW_UP)
