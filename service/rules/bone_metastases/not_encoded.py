"""What stays text, and why: the statements of the documents that no rule computes.

`tests/statements.yaml` lists every statement of the documents; each is at work in a rule, or named here.
"""

from __future__ import annotations

from dataclasses import dataclass

from mappings.wording import Text, _
from service.rules.citation import CHU, CIM, KAS, ONC, Citation, rao


@dataclass(frozen=True, slots=True)
class NotEncoded:
    """A statement of the documents that no rule computes, with the reason."""

    id: str
    citation: Citation
    statement: Text
    why: Text


# --- reasons ----------------------------------------------------------------------------------------------------------

BACKGROUND = _("Background: nothing is to be done because of it.")
EVIDENCE = _(
    "Evidence behind a recommendation: it decides nothing by itself.",
)
ORGANISATION = _(
    "Organisation of care: no order and no record shows it.",
)
JUDGEMENT = _(
    "Clinical judgement on what no record holds as a value.",
)
TECHNIQUE = _(
    "Technique of the operator: an order does not carry it.",
)
PLANNING = _(
    "Radiotherapy planning: it stands in the planning system, not in the order.",
)
PATHOLOGY = _(
    "Work of the pathology laboratory after the order.",
)
INTERPRETATION = _(
    "Interpretation of images or symptoms by a physician.",
)
RESEARCH = _(
    "Preliminary: the source itself draws no recommendation from it.",
)
OTHER_CANCERS = _("About other cancers than lung.")
AFTERCARE = _("Aftercare: no order triggers it.")
OPTION = _(
    "An option among others: the source gives no condition that could be computed.",
)
PAPERWORK = _("Administrative or paper form.")

NOT_ENCODED: tuple[NotEncoded, ...] = (
    # --- RAO, quality requirements ------------------------------------------------------------------------------------
    NotEncoded(
        "quality-discussion",
        rao("quality"),
        _(
            "Care is discussed by several disciplines with age, general state, comorbidities, stage, histology and "
            "molecular profile, and the family doctor is told.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-information",
        rao("quality"),
        _(
            "Disease and treatments are explained to patient and family, also in writing.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-protocols",
        rao("quality"),
        _(
            "Protocols of treatment and of side effects are written, known and kept current.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-support",
        rao("quality"),
        _(
            "Help to stop smoking, pain care, palliative and supportive care, psychologist and social worker are "
            "open to the patient.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-causes-and-trials",
        rao("quality"),
        _(
            "Occupational exposure is looked for, genetic advice offered when cancers run in the family, trials open "
            "at every stage.",
        ),
        ORGANISATION,
    ),
    # --- RAO, general context -----------------------------------------------------------------------------------------
    NotEncoded(
        "bone-metastasis-definition",
        rao("general", "§1"),
        _(
            "A bone metastasis is made of tumour cells settled in bone.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "bone-metastasis-biology",
        rao("general", "§2"),
        _(
            "Homing to bone, the vicious circle of resorption and growth factors, the cellular niches.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "epidemiology",
        rao("general", "§3"),
        _(
            "Incidence of lung cancer and of its bone metastases, and who has more of them.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "prognosis",
        rao("general", "§3"),
        _(
            "Prognosis by histology, mutation, visceral metastases and general state.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "urinary-ntx",
        rao("general", "§3"),
        _(
            "A high urinary NTX at diagnosis goes with more bone events and deaths.",
        ),
        _(
            "A marker of prognosis without a threshold or a consequence in the source.",
        ),
    ),
    NotEncoded(
        "bone-pain",
        rao("general", "§4"),
        _(
            "Many bone metastases are painless; pain, when it comes, is lasting, growing and worse at night.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "skeletal-event-frequency",
        rao("general", "§4"),
        _(
            "How often skeletal events come without treatment, that one brings another, and what they cost the patient.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "hypercalcaemia-presentation",
        rao("general", "§4"),
        _(
            "Hypercalcaemia may reveal the disease; early antiresorptives have made it rarer.",
        ),
        BACKGROUND,
    ),
    # --- RAO, nuclear medicine ----------------------------------------------------------------------------------------
    NotEncoded(
        "scintigraphy-performance",
        rao("nuclear", "§1.1"),
        _(
            "Radiation, sensitivity, specificity and false negatives of bone scintigraphy.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "spect-ct",
        rao("nuclear", "§1.1"),
        _(
            "SPECT-CT is added only to analyse a lesion that the whole-body scan makes suspicious.",
        ),
        _(
            "Decided by the nuclear physician during the examination.",
        ),
    ),
    NotEncoded(
        "flare-frequency",
        rao("nuclear", "§1.2"),
        _(
            "A flare is seen in 15 to 30 % of patients and does not worsen the outlook.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "scintigraphy-after-six-months",
        rao("nuclear", "§1.2"),
        _(
            "After the sixth month stronger or new foci mean progression.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "early-scintigraphy",
        rao("nuclear", "§1.2"),
        _(
            "When an early scintigraphy cannot wait, general state, radiographs, markers and MRI tell a flare from "
            "progression.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "fdg-pet-performance",
        rao("nuclear", "§2"),
        _(
            "FDG PET sees lytic better than dense metastases, and helps to find an occult disease or to settle a "
            "doubtful focus.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "naf-pet",
        rao("nuclear", "§3"),
        _(
            "Fluoride PET outperforms bone scintigraphy and is little available.",
        ),
        OPTION,
    ),
    NotEncoded(
        "isolated-focus",
        rao("nuclear", "box"),
        _(
            "An isolated focus on PET or scintigraphy calls for targeted imaging and a specialist's opinion.",
        ),
        _("The result is a report in words, not a value."),
    ),
    # --- RAO, histology -----------------------------------------------------------------------------------------------
    NotEncoded(
        "biopsy-of-bone-or-elsewhere",
        rao("histology"),
        _(
            "Bone is biopsied under CT when the patient is frail or bronchoscopy and lung puncture are risky or have "
            "failed.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "decalcification-cycles",
        rao("histology", "§2"),
        _(
            "Cycles of fixation and decalcification of 2 to 4 hours, none over a weekend; pH of the formalin "
            "checked, no acid on the way.",
        ),
        PATHOLOGY,
    ),
    NotEncoded(
        "immunohistochemistry",
        rao("histology", "§3"),
        _(
            "Which antibodies confirm the primary, by morphology and by the patient's other cancers.",
        ),
        PATHOLOGY,
    ),
    NotEncoded(
        "pd-l1",
        rao("histology", "§3"),
        _("PD-L1 is reliable on bone metastases."),
        PATHOLOGY,
    ),
    NotEncoded(
        "molecular-platform",
        rao("histology", "§4"),
        _(
            "Molecular tests run on the regional platform after microdissection.",
        ),
        PATHOLOGY,
    ),
    # --- RAO, systemic anticancer treatment ---------------------------------------------------------------------------
    NotEncoded(
        "chemotherapy-choice",
        rao("drugs", "§1.1, §2, box"),
        _(
            "Bone metastases, and how many, decide neither the choice of chemotherapy or targeted therapy nor its dose.",
        ),
        _(
            "It asks for nothing: no order is wrong because of it.",
        ),
    ),
    NotEncoded(
        "egfr-inhibitors-on-bone",
        rao("drugs", "§1.2"),
        _(
            "EGFR inhibitors often control bone metastases and pain well; with a bisphosphonate fewer events were seen.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "immunotherapy-not-limited",
        rao("drugs", "§1.3, box"),
        _(
            "Bone metastases do not limit the use of immunotherapy.",
        ),
        _(
            "It asks for nothing: no order is wrong because of it.",
        ),
    ),
    NotEncoded(
        "phosphate-leak",
        rao("drugs", "§2"),
        _(
            "Renal damage can weaken the whole skeleton, as osteomalacia by phosphate leak after cisplatin.",
        ),
        _("The source gives neither a measure nor an act."),
    ),
    NotEncoded(
        "treatment-hierarchy",
        rao("drugs", "§2, box"),
        _(
            "Extent and complications of bone disease order the treatments among each other.",
        ),
        JUDGEMENT,
    ),
    # --- RAO, systemic bone treatment ---------------------------------------------------------------------------------
    NotEncoded(
        "vitamin-d-physiology",
        rao("systemic", "§1"),
        _(
            "Role, origin and activation of vitamin D; every trial of antiresorptives gave it with calcium.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "antiresorptive-aims",
        rao("systemic", "§2.1"),
        _(
            "An antiresorptive aims at pain, quality of life, fewer events and survival; fast normalisation of NTX "
            "went with survival.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "zoledronate-trials",
        rao("systemic", "§2.1"),
        _(
            "Zoledronic acid delayed events in lung cancer; 8 mg harmed the kidney more than 4 mg; survival is not "
            "shown to improve.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "denosumab-trials",
        rao("systemic", "§2.1, box"),
        _(
            "Denosumab against zoledronic acid: bone events, survival in lung cancer, tolerance.",
        ),
        _(
            "The sources compare the two drugs and prefer neither for a given patient.",
        ),
    ),
    NotEncoded(
        "denosumab-with-immunotherapy",
        rao("systemic", "§2.1"),
        _(
            "Denosumab may act on the tumour and with immunotherapy, perhaps best when immunotherapy comes first.",
        ),
        RESEARCH,
    ),
    NotEncoded(
        "first-line-survival",
        rao("systemic", "§2.1, box"),
        _(
            "Adding denosumab to first-line chemotherapy brought no survival gain.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "jaw-osteonecrosis-definition",
        rao("systemic", "§2.3"),
        _(
            "Definition of osteonecrosis of the jaw: bone exposed for more than 8 weeks on or after an "
            "antiresorptive, never irradiated there.",
        ),
        _(
            "The diagnosis is the physician's: the record's condition is read.",
        ),
    ),
    NotEncoded(
        "exception-prescription",
        rao("systemic", "§2.4"),
        _(
            "Denosumab 120 mg is prescribed on the form for exception drugs.",
        ),
        PAPERWORK,
    ),
    NotEncoded(
        "injection-booklet",
        rao("systemic", "§2.4"),
        _(
            "The patient is given a booklet to follow the injections of denosumab.",
        ),
        PAPERWORK,
    ),
    NotEncoded(
        "three-monthly-data",
        rao("systemic", "§2.4"),
        _(
            "Most data on bisphosphonates are monthly over two years; the first on three-monthly dosing are reassuring.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "denosumab-beyond-two-years",
        rao("systemic", "§2.4"),
        _(
            "Beyond two to three years denosumab is known from breast and prostate cancer only, without new harms.",
        ),
        EVIDENCE,
    ),
    # --- RAO, radiotherapy --------------------------------------------------------------------------------------------
    NotEncoded(
        "radiotherapy-situations",
        rao("radiotherapy", "§1"),
        _(
            "The five situations of bone radiotherapy: pain, prevention, cord compression, after surgery, ablation.",
        ),
        _("A list: each situation has statements of its own."),
    ),
    NotEncoded(
        "pain-resisting-drugs",
        rao("radiotherapy", "§1.1"),
        _(
            "Radiotherapy is the first treatment of an uncomplicated painful metastasis that drugs do not relieve.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "mirels-limits",
        rao("radiotherapy", "§1.2"),
        _(
            "Mirels was made on plain radiographs and is neither sensitive nor specific.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "vertebra-at-risk",
        rao("radiotherapy", "§1.2"),
        _(
            "A vertebra at risk is discussed between radiotherapy, vertebroplasty, brace and surgery, alone or combined.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "sins-scope",
        rao("radiotherapy", "§1.2"),
        _(
            "SINS measures instability, not fracture risk, and leaves histology out on purpose.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "prognostic-scores",
        rao("radiotherapy", "§1.3"),
        _(
            "Rades and Tokuhashi are obsolete, because modern drugs have changed the outlook and lysis evolves fast.",
        ),
        _("The service does not use these scores."),
    ),
    NotEncoded(
        "quantitative-ct",
        rao("radiotherapy", "§1.3"),
        _(
            "Quantitative CT and simulation should predict fracture better one day.",
        ),
        RESEARCH,
    ),
    NotEncoded(
        "post-operative-benefit",
        rao("radiotherapy", "§1.2, §1.4"),
        _(
            "Radiotherapy after surgery lowers recurrence, re-operation and pain; its fractionation has no data.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "ablative-choice",
        rao("radiotherapy", "§1.5, §2, Tableau 7"),
        _(
            "Palliative or ablative aim, and the technique and tumoricidal dose for it, follow site, histology, "
            "neighbouring organs and control elsewhere.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "conformal-technique",
        rao("radiotherapy", "§2.1, Tableau 7"),
        _(
            "Conformal radiotherapy with planning CT suits large or many lesions and is available everywhere.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "target-volumes",
        rao("radiotherapy", "§2.1, §2.2.2, Tableau 7"),
        _(
            "What the target volume includes in long bones, vertebrae, after surgery and in stereotactic treatment.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "cord-equivalence",
        rao("radiotherapy", "§2.1"),
        _(
            "The dose to the cord is weighed as a biological equivalent with an alpha/beta of 0.87.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "fractionation-trials",
        rao("radiotherapy", "§2.1"),
        _(
            "Trials of single against several fractions: same relief, shorter with one, complicated bone better with "
            "several.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "stereotactic-level-of-evidence",
        rao("radiotherapy", "§2.2.1"),
        _(
            "Stereotactic treatment suits small, well-delimited lesions away from organs at risk; beyond the spine "
            "evidence is limited.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "stereotactic-technique",
        rao("radiotherapy", "§2.2.2"),
        _(
            "Machine, immobilisation, repositioning and millimetric precision of stereotactic sessions.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "two-level-plans",
        rao("radiotherapy", "§2.2.2"),
        _(
            "Two dose levels may be prescribed, less on weight-bearing bone, more on a resistant tumour.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "image-guidance",
        rao("radiotherapy", "§2.2.2, §6"),
        _(
            "Position is checked by imaging at every session.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "stereotactic-results",
        rao("radiotherapy", "§2.2.3"),
        _(
            "Response, pain relief and local control after stereotactic radiotherapy.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "stereotactic-after-decompression",
        rao("radiotherapy", "§2.2.3"),
        _(
            "Some teams use stereotactic radiotherapy after decompression; epidural disease before it predicts "
            "recurrence.",
        ),
        OPTION,
    ),
    NotEncoded(
        "volume-limits",
        rao("radiotherapy", "§2.2.3"),
        _(
            "Large target volumes recur more, and a high biological dose controls better.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "stereotactic-long-bone-fracture",
        rao("radiotherapy", "§2.2.4"),
        _(
            "Fracture and recurrence are rare after stereotactic radiotherapy of long bones; lytic lesions and women "
            "fracture more.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "oesophagus",
        rao("radiotherapy", "§2.2.4"),
        _(
            "The oesophagus is at risk when vertebrae from C5 to T10 are treated.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "cortical-height",
        rao("radiotherapy", "Tableau 5"),
        _(
            "How much of the cortex is involved in height matters for the risk of fracture.",
        ),
        _("The source gives no threshold."),
    ),
    NotEncoded(
        "ablation-and-prognosis",
        rao("radiotherapy", "Tableau 5"),
        _(
            "Before ablation the patient's outlook is taken into account.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "radiotherapy-before-drug",
        rao("radiotherapy", "§3.1"),
        _(
            "With a drug that cannot be combined, radiotherapy may also be planned before the drug is begun.",
        ),
        OPTION,
    ),
    NotEncoded(
        "biological-equivalence",
        rao("radiotherapy", "§3.1"),
        _(
            "High doses a fraction weigh more biologically, and risks of combination are under-recognised, recall "
            "reactions included.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "emergency-hypofractionation",
        rao("radiotherapy", "§3.1"),
        _(
            "In a painful or compressive emergency moderate hypofractionation may spare a delay of the drug.",
        ),
        OPTION,
    ),
    NotEncoded(
        "half-lives",
        rao("radiotherapy", "Tableau 6"),
        _("Half-lives of the anticancer drugs."),
        _(
            "Tableau 6 gives the intervals themselves, which are used.",
        ),
    ),
    NotEncoded(
        "stereotactic-vascular-effects",
        rao("radiotherapy", "§3.2"),
        _(
            "Small volumes and steep gradients are set against high biological doses and little-known vascular effects.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "re-irradiation-demand",
        rao("radiotherapy", "§4"),
        _(
            "Longer survival makes re-irradiation a more frequent question; its data are small series of the spine.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "remaining-cord-dose",
        rao("radiotherapy", "§4"),
        _(
            "A published table of the dose that the cord still tolerates, by both fractionations.",
        ),
        _("The table is not in the source."),
    ),
    NotEncoded(
        "re-ossification",
        rao("radiotherapy", "§5"),
        _(
            "Radiotherapy re-ossifies 65 to 85 % of lytic bones that are not fractured, and steadies hardware.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "brace-and-follow-up-ct",
        rao("radiotherapy", "§5"),
        _(
            "A brace or unloading may be needed until the bone holds; a dedicated CT follows the fracture risk.",
        ),
        AFTERCARE,
    ),
    # --- RAO, interventional radiology --------------------------------------------------------------------------------
    NotEncoded(
        "cementoplasty-principle",
        rao("interventional", "§1"),
        _(
            "Cement injected through the skin into a painful lytic lesion holds it and numbs it; relief in about 80 %.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "cement-is-no-tumour-control",
        rao("interventional", "§1"),
        _(
            "Cement does not control the tumour: radiotherapy or ablation is added when that is wanted.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "incomplete-filling",
        rao("interventional", "§1"),
        _(
            "A lesion can be stable although it is not filled completely.",
        ),
        TECHNIQUE,
    ),
    NotEncoded(
        "biopsy-with-cementoplasty",
        rao("interventional", "§1"),
        _("A biopsy may be taken in the same session."),
        OPTION,
    ),
    NotEncoded(
        "cementoplasty-sites",
        rao("interventional", "§2, box"),
        _(
            "Vertebrae, pelvis and sacrum most often, other bones too.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "lesion-proven-symptomatic",
        rao("interventional", "§3"),
        _(
            "History, examination and imaging together must show that the lesion causes the symptoms.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cementoplasty-indications",
        rao("interventional", "§3"),
        _(
            "Indications: opioids that fail or harm, other techniques exhausted, relief and stability instead of "
            "heavy surgery.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cementoplasty-complications",
        rao("interventional", "§5"),
        _(
            "Leaks of cement are common and mostly without symptoms; bleeding and infection are rare.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "antibiotic-cover",
        rao("interventional", "§5"),
        _(
            "Antibiotic cover is possible in an immunosuppressed patient.",
        ),
        OPTION,
    ),
    NotEncoded(
        "cementoplasty-within-care",
        rao("interventional", "§6"),
        _(
            "Cementoplasty finds its place in the whole of care: state, aims, sequence, expectancy.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cementoplasty-combined",
        rao("interventional", "§2, §6, box"),
        _(
            "It may be combined with percutaneous screws, radiotherapy or ablation when the lesion is large.",
        ),
        OPTION,
    ),
    NotEncoded(
        "kyphoplasty-technique",
        rao("interventional", "§7"),
        _(
            "Balloons open a cavity for the cement, to lower the risk of leaks.",
        ),
        TECHNIQUE,
    ),
    NotEncoded(
        "thermal-ablation",
        rao("interventional", "§7, box"),
        _(
            "Radiofrequency and cryotherapy: principle, uses alone or with cement, relief, cost, anaesthesia, nerves "
            "to spare.",
        ),
        TECHNIQUE,
    ),
    # --- RAO, surgery of the limbs ------------------------------------------------------------------------------------
    NotEncoded(
        "surgical-decision",
        rao("surgery", "§1"),
        _(
            "Surgery weighs indication, expectancy, general state, needs, risks and the oncological plan, case by "
            "case in a meeting.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgery-by-expectancy",
        rao("surgery", "§1"),
        _(
            "Beyond one year resection with reconstruction; between, fixation that is lighter and less lasting.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgery-aims",
        rao("surgery", "§1"),
        _(
            "Surgery prevents a fracture or treats one, or pain; its aim is function and relief.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "crp-after-surgery",
        rao("surgery", "§1"),
        _(
            "CRP rises after surgery without infection and is a poor marker of it.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "non-irradiated-field",
        rao("surgery", "§1"),
        _(
            "Surgery is easier where bone was not irradiated, which counts in the first plan.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "mechanical-pain",
        rao("surgery", "§2.1"),
        _(
            "Pain on load or that limits function, in weight-bearing bone, may call for preventive fixation.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "pathological-fracture-surgery",
        rao("surgery", "§2.2"),
        _(
            "Most pathological fractures are operated on; stabilising relieves and is urgent, definitive surgery is "
            "planned.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "severe-pain-surgery",
        rao("surgery", "§2.3"),
        _(
            "Disabling pain that drugs and cementoplasty do not relieve remains an indication for surgery.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "imaging-for-the-cause",
        rao("surgery", "§3"),
        _(
            "MRI and PET serve to find what the lesion is.",
        ),
        OPTION,
    ),
    NotEncoded(
        "angiography",
        rao("surgery", "§3"),
        _(
            "A lesion that may be vascular is studied by angiography, and embolised when bleeding threatens.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "biopsy-in-doubt",
        rao("surgery", "§3"),
        _(
            "When the cause is in doubt a biopsy may precede urgent surgery; often surgery gives diagnosis and "
            "treatment at once.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgery-before-drugs",
        rao("surgery", "§3"),
        _(
            "Surgery first spares a window in anticancer treatment later; oncologists weigh the urgency.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgical-technique",
        rao("surgery", "§4.1"),
        _(
            "Nailing, plates, screws and cement by site; the stored text ends within this section.",
        ),
        TECHNIQUE,
    ),
    # --- companion documents ------------------------------------------------------------------------------------------
    NotEncoded(
        "onc-context",
        ONC,
        _(
            "Which cancers go to bone, lysis and condensation, biopsy by surgeon or radiologist.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "onc-stereotactic-schemes",
        ONC,
        _(
            "Stereotactic schemes of 3 sessions of 8 to 10 Gy or 5 of 6 to 7 Gy, three a week.",
        ),
        _(
            "The referential's ranges are used: 24 Gy in 3 to the spine is below them.",
        ),
    ),
    NotEncoded(
        "onc-other-cancers",
        ONC,
        _(
            "Systemic drugs of prostate and breast cancer.",
        ),
        OTHER_CANCERS,
    ),
    NotEncoded(
        "onc-relief-delay",
        ONC,
        _(
            "After radiotherapy pain may persist or flare; relief comes after one to three weeks.",
        ),
        AFTERCARE,
    ),
    NotEncoded(
        "onc-dental-yearly",
        ONC,
        _("The dental review is repeated every year."),
        _("The referential says every six months and wins."),
    ),
    NotEncoded(
        "onc-monthly-ampoule",
        ONC,
        _(
            "A deficiency is corrected with 100 000 IU of vitamin D a month.",
        ),
        _(
            "The referential says 50 000 IU a week, then a month, and wins.",
        ),
    ),
    NotEncoded(
        "onc-cement-in-compression",
        ONC,
        _(
            "Cementoplasty is offered beside radiotherapy in cord compression.",
        ),
        _(
            "For the referential extension into the canal is a relative contraindication, and it wins.",
        ),
    ),
    NotEncoded(
        "chu-context",
        CHU,
        _(
            "Burden of bone metastases, limits of surgery and radiotherapy, strengths and activity of interventional "
            "radiology.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "chu-cement",
        CHU,
        _(
            "Cement suits flat bones, lets the patient bear weight at once, relieves 70 to 80 %, leaks mostly "
            "without symptoms, controls no tumour.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "chu-percutaneous-fixation",
        CHU,
        _(
            "Percutaneous screws hold bones under torsion, in fractures with little displacement or as prevention, "
            "with or without cement.",
        ),
        OPTION,
    ),
    NotEncoded(
        "chu-pathway",
        CHU,
        _(
            "Consultation of interventional radiology with consent, act within 15 days, close follow-up.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "chu-multimodal",
        CHU,
        _(
            "Combination with radiotherapy, ablation, or electrochemotherapy under development.",
        ),
        OPTION,
    ),
    NotEncoded(
        "cim-principle",
        CIM,
        _(
            "What a cementoplasty is and where it is done; relief is fast and morphine falls.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "cim-sites",
        CIM,
        _(
            "Indications by site: vertebral body, pelvis, neck of the femur with a nail, also to prevent a fracture.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cim-anaesthesia",
        CIM,
        _(
            "Sedation or general anaesthesia, local on request; prone for up to 90 minutes.",
        ),
        TECHNIQUE,
    ),
    NotEncoded(
        "cim-leaks",
        CIM,
        _(
            "Leaks of cement are common and hardly ever matter.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "cim-aftercare",
        CIM,
        _(
            "Walking after 2 hours, home the same or the next day, nurses at home, full autonomy in 2 to 4 weeks.",
        ),
        AFTERCARE,
    ),
    NotEncoded(
        "cim-reimbursement",
        CIM,
        _("The act is reimbursed."),
        PAPERWORK,
    ),
    NotEncoded(
        "kas-context",
        KAS,
        _(
            "Longer survival, and pain against which the usual treatments may fail.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "kas-procedures",
        KAS,
        _(
            "Percutaneous procedures for pain or to hold bone, alone or combined with radiotherapy, surgery and each "
            "other.",
        ),
        OPTION,
    ),
)
"""In the order of the documents."""
