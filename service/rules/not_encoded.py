"""What stays text, and why: the statements of the documents that no rule computes.

`tests/statements.yaml` lists every statement of the documents; each is at work in a rule, or named here.
"""

from __future__ import annotations

from dataclasses import dataclass

from mappings.wording import Text
from service.rules.citation import CHU, CIM, KAS, ONC, Citation, rao


@dataclass(frozen=True, slots=True)
class NotEncoded:
    """A statement of the documents that no rule computes, with the reason."""

    id: str
    citation: Citation
    statement: Text
    why: Text


# --- reasons ----------------------------------------------------------------------------------------------------------

BACKGROUND = Text("Background: nothing is to be done because of it.", "Contexte : aucune action n'en découle.")
EVIDENCE = Text(
    "Evidence behind a recommendation: it decides nothing by itself.",
    "Données qui fondent une recommandation : elles ne décident rien à elles seules.",
)
ORGANISATION = Text(
    "Organisation of care: no order and no record shows it.",
    "Organisation des soins : ni prescription ni dossier ne la montre.",
)
JUDGEMENT = Text(
    "Clinical judgement on what no record holds as a value.",
    "Jugement clinique sur ce qu'aucun dossier ne contient sous forme de valeur.",
)
TECHNIQUE = Text(
    "Technique of the operator: an order does not carry it.",
    "Technique de l'opérateur : une prescription ne la porte pas.",
)
PLANNING = Text(
    "Radiotherapy planning: it stands in the planning system, not in the order.",
    "Planification de la radiothérapie : elle est dans le système de planification, pas dans la prescription.",
)
PATHOLOGY = Text(
    "Work of the pathology laboratory after the order.",
    "Travail du laboratoire d'anatomopathologie après la prescription.",
)
INTERPRETATION = Text(
    "Interpretation of images or symptoms by a physician.",
    "Interprétation d'images ou de symptômes par un médecin.",
)
RESEARCH = Text(
    "Preliminary: the source itself draws no recommendation from it.",
    "Préliminaire : la source elle-même n'en tire pas de recommandation.",
)
OTHER_CANCERS = Text("About other cancers than lung.", "Concerne d'autres cancers que celui du poumon.")
AFTERCARE = Text("Aftercare: no order triggers it.", "Suites du geste : aucune prescription ne les déclenche.")
OPTION = Text(
    "An option among others: the source gives no condition that could be computed.",
    "Une option parmi d'autres : la source ne donne aucune condition calculable.",
)
PAPERWORK = Text("Administrative or paper form.", "Formalité administrative ou papier.")

NOT_ENCODED: tuple[NotEncoded, ...] = (
    # --- RAO, quality requirements ------------------------------------------------------------------------------------
    NotEncoded(
        "quality-discussion",
        rao("quality"),
        Text(
            "Care is discussed by several disciplines with age, general state, comorbidities, stage, histology and "
            "molecular profile, and the family doctor is told.",
            "La prise en charge est discutée en pluridisciplinaire selon âge, état général, comorbidités, stade, "
            "histologie et profil moléculaire, et le médecin traitant informé.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-information",
        rao("quality"),
        Text(
            "Disease and treatments are explained to patient and family, also in writing.",
            "Maladie et traitements sont expliqués au patient et aux proches, aussi par écrit.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-protocols",
        rao("quality"),
        Text(
            "Protocols of treatment and of side effects are written, known and kept current.",
            "Les protocoles de traitement et d'effets secondaires sont écrits, connus et tenus à jour.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-support",
        rao("quality"),
        Text(
            "Help to stop smoking, pain care, palliative and supportive care, psychologist and social worker are "
            "open to the patient.",
            "Aide au sevrage tabagique, soins de la douleur, soins palliatifs et de support, psychologue et "
            "assistante sociale sont accessibles.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "quality-causes-and-trials",
        rao("quality"),
        Text(
            "Occupational exposure is looked for, genetic advice offered when cancers run in the family, trials open "
            "at every stage.",
            "Une exposition professionnelle est recherchée, l'oncogénétique proposée en cas de cancers familiaux, "
            "les essais ouverts à tout stade.",
        ),
        ORGANISATION,
    ),
    # --- RAO, general context -----------------------------------------------------------------------------------------
    NotEncoded(
        "bone-metastasis-definition",
        rao("general", "§1"),
        Text(
            "A bone metastasis is made of tumour cells settled in bone.",
            "Une métastase osseuse est faite de cellules tumorales installées dans l'os.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "bone-metastasis-biology",
        rao("general", "§2"),
        Text(
            "Homing to bone, the vicious circle of resorption and growth factors, the cellular niches.",
            "Tropisme osseux, cercle vicieux de la résorption et des facteurs de croissance, niches cellulaires.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "epidemiology",
        rao("general", "§3"),
        Text(
            "Incidence of lung cancer and of its bone metastases, and who has more of them.",
            "Incidence du cancer du poumon et de ses métastases osseuses, et qui y est plus exposé.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "prognosis",
        rao("general", "§3"),
        Text(
            "Prognosis by histology, mutation, visceral metastases and general state.",
            "Pronostic selon histologie, mutation, métastases viscérales et état général.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "urinary-ntx",
        rao("general", "§3"),
        Text(
            "A high urinary NTX at diagnosis goes with more bone events and deaths.",
            "Un NTX urinaire élevé au diagnostic s'accompagne de plus d'événements osseux et de décès.",
        ),
        Text(
            "A marker of prognosis without a threshold or a consequence in the source.",
            "Marqueur pronostique sans seuil ni conséquence dans la source.",
        ),
    ),
    NotEncoded(
        "bone-pain",
        rao("general", "§4"),
        Text(
            "Many bone metastases are painless; pain, when it comes, is lasting, growing and worse at night.",
            "Beaucoup de métastases osseuses sont indolores ; la douleur est durable, croissante, plus forte la nuit.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "skeletal-event-frequency",
        rao("general", "§4"),
        Text(
            "How often skeletal events come without treatment, that one brings another, and what they cost the patient.",
            "Fréquence des événements osseux sans traitement, qu'un événement en appelle un autre, et ce qu'ils "
            "coûtent au patient.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "hypercalcaemia-presentation",
        rao("general", "§4"),
        Text(
            "Hypercalcaemia may reveal the disease; early antiresorptives have made it rarer.",
            "L'hypercalcémie peut révéler la maladie ; les antirésorptifs précoces l'ont raréfiée.",
        ),
        BACKGROUND,
    ),
    # --- RAO, nuclear medicine ----------------------------------------------------------------------------------------
    NotEncoded(
        "scintigraphy-performance",
        rao("nuclear", "§1.1"),
        Text(
            "Radiation, sensitivity, specificity and false negatives of bone scintigraphy.",
            "Irradiation, sensibilité, spécificité et faux négatifs de la scintigraphie osseuse.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "spect-ct",
        rao("nuclear", "§1.1"),
        Text(
            "SPECT-CT is added only to analyse a lesion that the whole-body scan makes suspicious.",
            "La SPECT-TDM n'est ajoutée que pour analyser une lésion suspecte au balayage.",
        ),
        Text(
            "Decided by the nuclear physician during the examination.",
            "Décidé par le médecin nucléaire pendant l'examen.",
        ),
    ),
    NotEncoded(
        "flare-frequency",
        rao("nuclear", "§1.2"),
        Text(
            "A flare is seen in 15 to 30 % of patients and does not worsen the outlook.",
            "Un flare se voit chez 15 à 30 % des patients et n'aggrave pas le pronostic.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "scintigraphy-after-six-months",
        rao("nuclear", "§1.2"),
        Text(
            "After the sixth month stronger or new foci mean progression.",
            "Après le sixième mois, des foyers plus intenses ou nouveaux signent une progression.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "early-scintigraphy",
        rao("nuclear", "§1.2"),
        Text(
            "When an early scintigraphy cannot wait, general state, radiographs, markers and MRI tell a flare from "
            "progression.",
            "Si une scintigraphie précoce est nécessaire, état général, radiographies, marqueurs et IRM distinguent "
            "flare et progression.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "fdg-pet-performance",
        rao("nuclear", "§2"),
        Text(
            "FDG PET sees lytic better than dense metastases, and helps to find an occult disease or to settle a "
            "doubtful focus.",
            "La TEP au FDG voit mieux les métastases lytiques que condensantes, et aide devant une maladie occulte "
            "ou un foyer douteux.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "naf-pet",
        rao("nuclear", "§3"),
        Text(
            "Fluoride PET outperforms bone scintigraphy and is little available.",
            "La TEP au fluorure dépasse la scintigraphie osseuse et reste peu disponible.",
        ),
        OPTION,
    ),
    NotEncoded(
        "isolated-focus",
        rao("nuclear", "box"),
        Text(
            "An isolated focus on PET or scintigraphy calls for targeted imaging and a specialist's opinion.",
            "Un foyer isolé en TEP ou en scintigraphie demande une imagerie ciblée puis un avis spécialisé.",
        ),
        Text(
            "The result is a report in words, not a value.", "Le résultat est un compte rendu en mots, pas une valeur."
        ),
    ),
    # --- RAO, histology -----------------------------------------------------------------------------------------------
    NotEncoded(
        "biopsy-of-bone-or-elsewhere",
        rao("histology"),
        Text(
            "Bone is biopsied under CT when the patient is frail or bronchoscopy and lung puncture are risky or have "
            "failed.",
            "L'os est biopsié sous scanner chez un patient fragile ou si fibroscopie et ponction pulmonaire sont "
            "risquées ou ont échoué.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "decalcification-cycles",
        rao("histology", "§2"),
        Text(
            "Cycles of fixation and decalcification of 2 to 4 hours, none over a weekend; pH of the formalin "
            "checked, no acid on the way.",
            "Cycles de fixation et décalcification de 2 à 4 heures, aucun pendant le week-end ; pH du formol "
            "vérifié, aucun acide ensuite.",
        ),
        PATHOLOGY,
    ),
    NotEncoded(
        "immunohistochemistry",
        rao("histology", "§3"),
        Text(
            "Which antibodies confirm the primary, by morphology and by the patient's other cancers.",
            "Quels anticorps confirment le primitif, selon la morphologie et les autres cancers du patient.",
        ),
        PATHOLOGY,
    ),
    NotEncoded(
        "pd-l1",
        rao("histology", "§3"),
        Text("PD-L1 is reliable on bone metastases.", "Le PD-L1 est fiable sur métastases osseuses."),
        PATHOLOGY,
    ),
    NotEncoded(
        "molecular-platform",
        rao("histology", "§4"),
        Text(
            "Molecular tests run on the regional platform after microdissection.",
            "Les tests moléculaires se font sur la plateforme régionale après microdissection.",
        ),
        PATHOLOGY,
    ),
    # --- RAO, systemic anticancer treatment ---------------------------------------------------------------------------
    NotEncoded(
        "chemotherapy-choice",
        rao("drugs", "§1.1, §2, box"),
        Text(
            "Bone metastases, and how many, decide neither the choice of chemotherapy or targeted therapy nor its dose.",
            "Les métastases osseuses, et leur nombre, ne décident ni du choix de la chimiothérapie ou thérapie "
            "ciblée ni de sa dose.",
        ),
        Text(
            "It asks for nothing: no order is wrong because of it.",
            "Il ne demande rien : aucune prescription n'est erronée pour cette raison.",
        ),
    ),
    NotEncoded(
        "egfr-inhibitors-on-bone",
        rao("drugs", "§1.2"),
        Text(
            "EGFR inhibitors often control bone metastases and pain well; with a bisphosphonate fewer events were seen.",
            "Les inhibiteurs d'EGFR contrôlent souvent bien métastases osseuses et douleur ; avec un bisphosphonate, "
            "moins d'événements observés.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "immunotherapy-not-limited",
        rao("drugs", "§1.3, box"),
        Text(
            "Bone metastases do not limit the use of immunotherapy.",
            "Les métastases osseuses ne limitent pas l'usage de l'immunothérapie.",
        ),
        Text(
            "It asks for nothing: no order is wrong because of it.",
            "Il ne demande rien : aucune prescription n'est erronée pour cette raison.",
        ),
    ),
    NotEncoded(
        "phosphate-leak",
        rao("drugs", "§2"),
        Text(
            "Renal damage can weaken the whole skeleton, as osteomalacia by phosphate leak after cisplatin.",
            "L'atteinte rénale peut fragiliser tout le squelette, comme l'ostéomalacie par fuite de phosphore après "
            "cisplatine.",
        ),
        Text("The source gives neither a measure nor an act.", "La source ne donne ni mesure ni conduite."),
    ),
    NotEncoded(
        "treatment-hierarchy",
        rao("drugs", "§2, box"),
        Text(
            "Extent and complications of bone disease order the treatments among each other.",
            "L'étendue et les complications osseuses hiérarchisent les traitements entre eux.",
        ),
        JUDGEMENT,
    ),
    # --- RAO, systemic bone treatment ---------------------------------------------------------------------------------
    NotEncoded(
        "vitamin-d-physiology",
        rao("systemic", "§1"),
        Text(
            "Role, origin and activation of vitamin D; every trial of antiresorptives gave it with calcium.",
            "Rôle, origine et activation de la vitamine D ; tous les essais d'antirésorptifs l'ont associée au calcium.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "antiresorptive-aims",
        rao("systemic", "§2.1"),
        Text(
            "An antiresorptive aims at pain, quality of life, fewer events and survival; fast normalisation of NTX "
            "went with survival.",
            "Un antirésorptif vise douleur, qualité de vie, moins d'événements et survie ; la normalisation rapide "
            "du NTX allait avec la survie.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "zoledronate-trials",
        rao("systemic", "§2.1"),
        Text(
            "Zoledronic acid delayed events in lung cancer; 8 mg harmed the kidney more than 4 mg; survival is not "
            "shown to improve.",
            "L'acide zolédronique a retardé les événements dans le cancer du poumon ; 8 mg lésait plus le rein que 4 "
            "mg ; survie non améliorée.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "denosumab-trials",
        rao("systemic", "§2.1, box"),
        Text(
            "Denosumab against zoledronic acid: bone events, survival in lung cancer, tolerance.",
            "Dénosumab contre acide zolédronique : événements osseux, survie dans le cancer du poumon, tolérance.",
        ),
        Text(
            "The sources compare the two drugs and prefer neither for a given patient.",
            "Les sources comparent les deux médicaments sans en préférer un pour un patient donné.",
        ),
    ),
    NotEncoded(
        "denosumab-with-immunotherapy",
        rao("systemic", "§2.1"),
        Text(
            "Denosumab may act on the tumour and with immunotherapy, perhaps best when immunotherapy comes first.",
            "Le dénosumab pourrait agir sur la tumeur et avec l'immunothérapie, peut-être mieux si elle débute en "
            "premier.",
        ),
        RESEARCH,
    ),
    NotEncoded(
        "first-line-survival",
        rao("systemic", "§2.1, box"),
        Text(
            "Adding denosumab to first-line chemotherapy brought no survival gain.",
            "Ajouter le dénosumab à la chimiothérapie de première ligne n'a pas amélioré la survie.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "jaw-osteonecrosis-definition",
        rao("systemic", "§2.3"),
        Text(
            "Definition of osteonecrosis of the jaw: bone exposed for more than 8 weeks on or after an "
            "antiresorptive, never irradiated there.",
            "Définition de l'ostéonécrose de la mâchoire : os exposé plus de 8 semaines sous ou après antirésorptif, "
            "sans irradiation locale.",
        ),
        Text(
            "The diagnosis is the physician's: the record's condition is read.",
            "Le diagnostic revient au médecin : la pathologie enregistrée est lue.",
        ),
    ),
    NotEncoded(
        "exception-prescription",
        rao("systemic", "§2.4"),
        Text(
            "Denosumab 120 mg is prescribed on the form for exception drugs.",
            "Le dénosumab 120 mg est prescrit sur ordonnance de médicament d'exception.",
        ),
        PAPERWORK,
    ),
    NotEncoded(
        "injection-booklet",
        rao("systemic", "§2.4"),
        Text(
            "The patient is given a booklet to follow the injections of denosumab.",
            "Un carnet de suivi des injections de dénosumab est remis au patient.",
        ),
        PAPERWORK,
    ),
    NotEncoded(
        "three-monthly-data",
        rao("systemic", "§2.4"),
        Text(
            "Most data on bisphosphonates are monthly over two years; the first on three-monthly dosing are reassuring.",
            "La plupart des données sur les bisphosphonates sont mensuelles sur deux ans ; les premières sur le "
            "rythme trimestriel rassurent.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "denosumab-beyond-two-years",
        rao("systemic", "§2.4"),
        Text(
            "Beyond two to three years denosumab is known from breast and prostate cancer only, without new harms.",
            "Au-delà de deux à trois ans le dénosumab n'est connu que dans le sein et la prostate, sans nouvel effet "
            "indésirable.",
        ),
        EVIDENCE,
    ),
    # --- RAO, radiotherapy --------------------------------------------------------------------------------------------
    NotEncoded(
        "radiotherapy-situations",
        rao("radiotherapy", "§1"),
        Text(
            "The five situations of bone radiotherapy: pain, prevention, cord compression, after surgery, ablation.",
            "Les cinq situations de la radiothérapie osseuse : douleur, prévention, compression médullaire, "
            "post-opératoire, ablation.",
        ),
        Text(
            "A list: each situation has statements of its own.", "Une liste : chaque situation a ses propres énoncés."
        ),
    ),
    NotEncoded(
        "pain-resisting-drugs",
        rao("radiotherapy", "§1.1"),
        Text(
            "Radiotherapy is the first treatment of an uncomplicated painful metastasis that drugs do not relieve.",
            "La radiothérapie est le premier traitement d'une métastase douloureuse non compliquée que les "
            "médicaments ne soulagent pas.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "mirels-limits",
        rao("radiotherapy", "§1.2"),
        Text(
            "Mirels was made on plain radiographs and is neither sensitive nor specific.",
            "Le score de Mirels, fait sur radiographies simples, est peu sensible et peu spécifique.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "vertebra-at-risk",
        rao("radiotherapy", "§1.2"),
        Text(
            "A vertebra at risk is discussed between radiotherapy, vertebroplasty, brace and surgery, alone or combined.",
            "Une vertèbre à risque se discute entre radiothérapie, vertébroplastie, contention et chirurgie, seules "
            "ou combinées.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "sins-scope",
        rao("radiotherapy", "§1.2"),
        Text(
            "SINS measures instability, not fracture risk, and leaves histology out on purpose.",
            "Le SINS mesure l'instabilité, pas le risque de fracture, et écarte volontairement l'histologie.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "prognostic-scores",
        rao("radiotherapy", "§1.3"),
        Text(
            "Rades and Tokuhashi are obsolete, because modern drugs have changed the outlook and lysis evolves fast.",
            "Rades et Tokuhashi sont caducs : les traitements modernes ont changé le pronostic et la lyse évolue vite.",
        ),
        Text("The service does not use these scores.", "Le service n'utilise pas ces scores."),
    ),
    NotEncoded(
        "quantitative-ct",
        rao("radiotherapy", "§1.3"),
        Text(
            "Quantitative CT and simulation should predict fracture better one day.",
            "Scanner quantitatif et simulation devraient un jour mieux prédire la fracture.",
        ),
        RESEARCH,
    ),
    NotEncoded(
        "post-operative-benefit",
        rao("radiotherapy", "§1.2, §1.4"),
        Text(
            "Radiotherapy after surgery lowers recurrence, re-operation and pain; its fractionation has no data.",
            "La radiothérapie post-opératoire réduit récidive, reprise chirurgicale et douleur ; pas de données sur "
            "son fractionnement.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "ablative-choice",
        rao("radiotherapy", "§1.5, §2, Tableau 7"),
        Text(
            "Palliative or ablative aim, and the technique and tumoricidal dose for it, follow site, histology, "
            "neighbouring organs and control elsewhere.",
            "But palliatif ou ablatif, technique et dose tumoricide dépendent du site, de l'histologie, des organes "
            "voisins et du contrôle ailleurs.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "conformal-technique",
        rao("radiotherapy", "§2.1, Tableau 7"),
        Text(
            "Conformal radiotherapy with planning CT suits large or many lesions and is available everywhere.",
            "La radiothérapie conformationnelle avec scanner dosimétrique convient aux lésions volumineuses ou "
            "multiples et est disponible partout.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "target-volumes",
        rao("radiotherapy", "§2.1, §2.2.2, Tableau 7"),
        Text(
            "What the target volume includes in long bones, vertebrae, after surgery and in stereotactic treatment.",
            "Ce que le volume cible inclut pour os longs, vertèbres, après chirurgie et en stéréotaxie.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "cord-equivalence",
        rao("radiotherapy", "§2.1"),
        Text(
            "The dose to the cord is weighed as a biological equivalent with an alpha/beta of 0.87.",
            "La dose à la moelle s'apprécie en équivalent biologique avec un alpha/bêta de 0,87.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "fractionation-trials",
        rao("radiotherapy", "§2.1"),
        Text(
            "Trials of single against several fractions: same relief, shorter with one, complicated bone better with "
            "several.",
            "Essais d'une contre plusieurs séances : même antalgie, plus courte avec une, os compliqué mieux avec "
            "plusieurs.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "stereotactic-level-of-evidence",
        rao("radiotherapy", "§2.2.1"),
        Text(
            "Stereotactic treatment suits small, well-delimited lesions away from organs at risk; beyond the spine "
            "evidence is limited.",
            "La stéréotaxie convient aux petites lésions bien limitées loin des organes à risque ; hors rachis les "
            "preuves sont limitées.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "stereotactic-technique",
        rao("radiotherapy", "§2.2.2"),
        Text(
            "Machine, immobilisation, repositioning and millimetric precision of stereotactic sessions.",
            "Machine, immobilisation, repositionnement et précision millimétrique des séances stéréotaxiques.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "two-level-plans",
        rao("radiotherapy", "§2.2.2"),
        Text(
            "Two dose levels may be prescribed, less on weight-bearing bone, more on a resistant tumour.",
            "Deux niveaux de dose sont possibles, moins sur un os porteur, plus sur une tumeur radiorésistante.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "image-guidance",
        rao("radiotherapy", "§2.2.2, §6"),
        Text(
            "Position is checked by imaging at every session.",
            "Le positionnement est contrôlé par imagerie à chaque séance.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "stereotactic-results",
        rao("radiotherapy", "§2.2.3"),
        Text(
            "Response, pain relief and local control after stereotactic radiotherapy.",
            "Réponse, antalgie et contrôle local après radiothérapie stéréotaxique.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "stereotactic-after-decompression",
        rao("radiotherapy", "§2.2.3"),
        Text(
            "Some teams use stereotactic radiotherapy after decompression; epidural disease before it predicts "
            "recurrence.",
            "Certaines équipes utilisent la stéréotaxie après décompression ; l'atteinte épidurale préalable prédit "
            "la récidive.",
        ),
        OPTION,
    ),
    NotEncoded(
        "volume-limits",
        rao("radiotherapy", "§2.2.3"),
        Text(
            "Large target volumes recur more, and a high biological dose controls better.",
            "Les grands volumes cibles récidivent plus, et une dose biologique élevée contrôle mieux.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "stereotactic-long-bone-fracture",
        rao("radiotherapy", "§2.2.4"),
        Text(
            "Fracture and recurrence are rare after stereotactic radiotherapy of long bones; lytic lesions and women "
            "fracture more.",
            "Fracture et récidive sont rares après stéréotaxie des os longs ; lésions lytiques et femmes se "
            "fracturent plus.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "oesophagus",
        rao("radiotherapy", "§2.2.4"),
        Text(
            "The oesophagus is at risk when vertebrae from C5 to T10 are treated.",
            "L'œsophage est à risque pour les vertèbres de C5 à D10.",
        ),
        PLANNING,
    ),
    NotEncoded(
        "cortical-height",
        rao("radiotherapy", "Tableau 5"),
        Text(
            "How much of the cortex is involved in height matters for the risk of fracture.",
            "L'atteinte de la corticale en hauteur compte pour le risque de fracture.",
        ),
        Text("The source gives no threshold.", "La source ne donne pas de seuil."),
    ),
    NotEncoded(
        "ablation-and-prognosis",
        rao("radiotherapy", "Tableau 5"),
        Text(
            "Before ablation the patient's outlook is taken into account.",
            "Avant une ablation, le pronostic du patient est pris en compte.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "radiotherapy-before-drug",
        rao("radiotherapy", "§3.1"),
        Text(
            "With a drug that cannot be combined, radiotherapy may also be planned before the drug is begun.",
            "Avec un médicament non associable, la radiothérapie peut aussi être prévue avant de le débuter.",
        ),
        OPTION,
    ),
    NotEncoded(
        "biological-equivalence",
        rao("radiotherapy", "§3.1"),
        Text(
            "High doses a fraction weigh more biologically, and risks of combination are under-recognised, recall "
            "reactions included.",
            "Les fortes doses par séance pèsent plus biologiquement, et les risques d'association sont sous-estimés, "
            "rappels compris.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "emergency-hypofractionation",
        rao("radiotherapy", "§3.1"),
        Text(
            "In a painful or compressive emergency moderate hypofractionation may spare a delay of the drug.",
            "En urgence hyperalgique ou compressive, un hypofractionnement modéré peut éviter de retarder le "
            "traitement systémique.",
        ),
        OPTION,
    ),
    NotEncoded(
        "half-lives",
        rao("radiotherapy", "Tableau 6"),
        Text("Half-lives of the anticancer drugs.", "Demi-vies des anticancéreux."),
        Text(
            "Tableau 6 gives the intervals themselves, which are used.",
            "Le Tableau 6 donne les intervalles eux-mêmes, qui sont utilisés.",
        ),
    ),
    NotEncoded(
        "stereotactic-vascular-effects",
        rao("radiotherapy", "§3.2"),
        Text(
            "Small volumes and steep gradients are set against high biological doses and little-known vascular effects.",
            "Petits volumes et forts gradients sont à mettre en balance avec des doses biologiques élevées et des "
            "effets vasculaires mal connus.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "re-irradiation-demand",
        rao("radiotherapy", "§4"),
        Text(
            "Longer survival makes re-irradiation a more frequent question; its data are small series of the spine.",
            "La survie plus longue rend la réirradiation plus fréquente ; ses données sont de petites séries "
            "rachidiennes.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "remaining-cord-dose",
        rao("radiotherapy", "§4"),
        Text(
            "A published table of the dose that the cord still tolerates, by both fractionations.",
            "Un tableau publié de la dose que la moelle tolère encore, selon les deux fractionnements.",
        ),
        Text("The table is not in the source.", "Le tableau n'est pas dans la source."),
    ),
    NotEncoded(
        "re-ossification",
        rao("radiotherapy", "§5"),
        Text(
            "Radiotherapy re-ossifies 65 to 85 % of lytic bones that are not fractured, and steadies hardware.",
            "La radiothérapie réossifie 65 à 85 % des os lytiques non fracturés, et stabilise le matériel.",
        ),
        EVIDENCE,
    ),
    NotEncoded(
        "brace-and-follow-up-ct",
        rao("radiotherapy", "§5"),
        Text(
            "A brace or unloading may be needed until the bone holds; a dedicated CT follows the fracture risk.",
            "Corset ou décharge peuvent être nécessaires jusqu'à consolidation ; un scanner dédié suit le risque de "
            "fracture.",
        ),
        AFTERCARE,
    ),
    # --- RAO, interventional radiology --------------------------------------------------------------------------------
    NotEncoded(
        "cementoplasty-principle",
        rao("interventional", "§1"),
        Text(
            "Cement injected through the skin into a painful lytic lesion holds it and numbs it; relief in about 80 %.",
            "Un ciment injecté à travers la peau dans une lésion lytique douloureuse la tient et l'insensibilise ; "
            "soulagement dans environ 80 %.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "cement-is-no-tumour-control",
        rao("interventional", "§1"),
        Text(
            "Cement does not control the tumour: radiotherapy or ablation is added when that is wanted.",
            "Le ciment ne contrôle pas la tumeur : radiothérapie ou ablation s'ajoute si ce contrôle est voulu.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "incomplete-filling",
        rao("interventional", "§1"),
        Text(
            "A lesion can be stable although it is not filled completely.",
            "Une lésion peut être stable sans être remplie complètement.",
        ),
        TECHNIQUE,
    ),
    NotEncoded(
        "biopsy-with-cementoplasty",
        rao("interventional", "§1"),
        Text("A biopsy may be taken in the same session.", "Une biopsie peut être faite dans le même temps."),
        OPTION,
    ),
    NotEncoded(
        "cementoplasty-sites",
        rao("interventional", "§2, box"),
        Text(
            "Vertebrae, pelvis and sacrum most often, other bones too.",
            "Vertèbres, bassin et sacrum le plus souvent, d'autres os aussi.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "lesion-proven-symptomatic",
        rao("interventional", "§3"),
        Text(
            "History, examination and imaging together must show that the lesion causes the symptoms.",
            "Interrogatoire, examen et imagerie doivent ensemble montrer que la lésion cause les symptômes.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cementoplasty-indications",
        rao("interventional", "§3"),
        Text(
            "Indications: opioids that fail or harm, other techniques exhausted, relief and stability instead of "
            "heavy surgery.",
            "Indications : opioïdes inefficaces ou mal tolérés, autres techniques épuisées, antalgie et stabilité à "
            "la place d'une chirurgie lourde.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cementoplasty-complications",
        rao("interventional", "§5"),
        Text(
            "Leaks of cement are common and mostly without symptoms; bleeding and infection are rare.",
            "Les fuites de ciment sont fréquentes et surtout asymptomatiques ; hémorragie et infection sont rares.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "antibiotic-cover",
        rao("interventional", "§5"),
        Text(
            "Antibiotic cover is possible in an immunosuppressed patient.",
            "Une antibioprophylaxie est possible chez un patient immunodéprimé.",
        ),
        OPTION,
    ),
    NotEncoded(
        "cementoplasty-within-care",
        rao("interventional", "§6"),
        Text(
            "Cementoplasty finds its place in the whole of care: state, aims, sequence, expectancy.",
            "La cimentoplastie s'intègre dans l'ensemble des soins : état, objectifs, séquence, espérance.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cementoplasty-combined",
        rao("interventional", "§2, §6, box"),
        Text(
            "It may be combined with percutaneous screws, radiotherapy or ablation when the lesion is large.",
            "Elle peut s'associer à un vissage percutané, à la radiothérapie ou à une ablation si la lésion est "
            "volumineuse.",
        ),
        OPTION,
    ),
    NotEncoded(
        "kyphoplasty-technique",
        rao("interventional", "§7"),
        Text(
            "Balloons open a cavity for the cement, to lower the risk of leaks.",
            "Des ballonnets ouvrent une cavité pour le ciment, afin de limiter les fuites.",
        ),
        TECHNIQUE,
    ),
    NotEncoded(
        "thermal-ablation",
        rao("interventional", "§7, box"),
        Text(
            "Radiofrequency and cryotherapy: principle, uses alone or with cement, relief, cost, anaesthesia, nerves "
            "to spare.",
            "Radiofréquence et cryothérapie : principe, usage seul ou avec ciment, antalgie, coût, anesthésie, nerfs "
            "à épargner.",
        ),
        TECHNIQUE,
    ),
    # --- RAO, surgery of the limbs ------------------------------------------------------------------------------------
    NotEncoded(
        "surgical-decision",
        rao("surgery", "§1"),
        Text(
            "Surgery weighs indication, expectancy, general state, needs, risks and the oncological plan, case by "
            "case in a meeting.",
            "La chirurgie met en balance indication, espérance, état général, besoins, risques et projet "
            "oncologique, au cas par cas en réunion.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgery-by-expectancy",
        rao("surgery", "§1"),
        Text(
            "Beyond one year resection with reconstruction; between, fixation that is lighter and less lasting.",
            "Au-delà d'un an, résection-reconstruction ; entre les deux, ostéosynthèse plus légère et moins durable.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgery-aims",
        rao("surgery", "§1"),
        Text(
            "Surgery prevents a fracture or treats one, or pain; its aim is function and relief.",
            "La chirurgie prévient ou traite une fracture, ou la douleur ; elle vise fonction et antalgie.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "crp-after-surgery",
        rao("surgery", "§1"),
        Text(
            "CRP rises after surgery without infection and is a poor marker of it.",
            "La CRP monte après chirurgie sans infection et en est un mauvais marqueur.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "non-irradiated-field",
        rao("surgery", "§1"),
        Text(
            "Surgery is easier where bone was not irradiated, which counts in the first plan.",
            "La chirurgie est plus facile en territoire non irradié, ce qui compte dans le plan initial.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "mechanical-pain",
        rao("surgery", "§2.1"),
        Text(
            "Pain on load or that limits function, in weight-bearing bone, may call for preventive fixation.",
            "Une douleur à la charge ou limitante, en zone portante, peut appeler une fixation préventive.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "pathological-fracture-surgery",
        rao("surgery", "§2.2"),
        Text(
            "Most pathological fractures are operated on; stabilising relieves and is urgent, definitive surgery is "
            "planned.",
            "La plupart des fractures pathologiques s'opèrent ; stabiliser soulage et est urgent, la chirurgie "
            "définitive se planifie.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "severe-pain-surgery",
        rao("surgery", "§2.3"),
        Text(
            "Disabling pain that drugs and cementoplasty do not relieve remains an indication for surgery.",
            "Une douleur invalidante malgré médicaments et cimentoplastie reste une indication chirurgicale.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "imaging-for-the-cause",
        rao("surgery", "§3"),
        Text(
            "MRI and PET serve to find what the lesion is.",
            "IRM et TEP servent à trouver la nature de la lésion.",
        ),
        OPTION,
    ),
    NotEncoded(
        "angiography",
        rao("surgery", "§3"),
        Text(
            "A lesion that may be vascular is studied by angiography, and embolised when bleeding threatens.",
            "Une lésion possiblement hypervascularisée est étudiée par angioscanner ou artériographie, et embolisée "
            "si elle menace de saigner.",
        ),
        INTERPRETATION,
    ),
    NotEncoded(
        "biopsy-in-doubt",
        rao("surgery", "§3"),
        Text(
            "When the cause is in doubt a biopsy may precede urgent surgery; often surgery gives diagnosis and "
            "treatment at once.",
            "En cas de doute une biopsie peut précéder la chirurgie urgente ; souvent la chirurgie donne diagnostic "
            "et traitement ensemble.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgery-before-drugs",
        rao("surgery", "§3"),
        Text(
            "Surgery first spares a window in anticancer treatment later; oncologists weigh the urgency.",
            "Opérer d'abord évite une fenêtre thérapeutique ensuite ; les oncologues jugent de l'urgence.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "surgical-technique",
        rao("surgery", "§4.1"),
        Text(
            "Nailing, plates, screws and cement by site; the stored text ends within this section.",
            "Clous, plaques, vis et ciment selon le site ; le texte conservé s'arrête dans cette section.",
        ),
        TECHNIQUE,
    ),
    # --- companion documents ------------------------------------------------------------------------------------------
    NotEncoded(
        "onc-context",
        ONC,
        Text(
            "Which cancers go to bone, lysis and condensation, biopsy by surgeon or radiologist.",
            "Quels cancers vont à l'os, lyse et condensation, biopsie par chirurgien ou radiologue.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "onc-stereotactic-schemes",
        ONC,
        Text(
            "Stereotactic schemes of 3 sessions of 8 to 10 Gy or 5 of 6 to 7 Gy, three a week.",
            "Schémas stéréotaxiques de 3 séances de 8 à 10 Gy ou 5 de 6 à 7 Gy, trois par semaine.",
        ),
        Text(
            "The referential's ranges are used: 24 Gy in 3 to the spine is below them.",
            "Les intervalles du référentiel sont utilisés : 24 Gy en 3 au rachis est en dessous.",
        ),
    ),
    NotEncoded(
        "onc-other-cancers",
        ONC,
        Text(
            "Systemic drugs of prostate and breast cancer.",
            "Traitements systémiques des cancers de la prostate et du sein.",
        ),
        OTHER_CANCERS,
    ),
    NotEncoded(
        "onc-relief-delay",
        ONC,
        Text(
            "After radiotherapy pain may persist or flare; relief comes after one to three weeks.",
            "Après radiothérapie la douleur peut persister ou s'accentuer ; le soulagement vient après une à trois "
            "semaines.",
        ),
        AFTERCARE,
    ),
    NotEncoded(
        "onc-dental-yearly",
        ONC,
        Text("The dental review is repeated every year.", "Le bilan dentaire est renouvelé chaque année."),
        Text("The referential says every six months and wins.", "Le référentiel dit tous les six mois et l'emporte."),
    ),
    NotEncoded(
        "onc-monthly-ampoule",
        ONC,
        Text(
            "A deficiency is corrected with 100 000 IU of vitamin D a month.",
            "Une carence est corrigée par 100 000 UI de vitamine D par mois.",
        ),
        Text(
            "The referential says 50 000 IU a week, then a month, and wins.",
            "Le référentiel dit 50 000 UI par semaine, puis par mois, et l'emporte.",
        ),
    ),
    NotEncoded(
        "onc-cement-in-compression",
        ONC,
        Text(
            "Cementoplasty is offered beside radiotherapy in cord compression.",
            "La cimentoplastie est proposée à côté de la radiothérapie dans la compression médullaire.",
        ),
        Text(
            "For the referential extension into the canal is a relative contraindication, and it wins.",
            "Pour le référentiel l'extension canalaire est une contre-indication relative, et il l'emporte.",
        ),
    ),
    NotEncoded(
        "chu-context",
        CHU,
        Text(
            "Burden of bone metastases, limits of surgery and radiotherapy, strengths and activity of interventional "
            "radiology.",
            "Poids des métastases osseuses, limites de chirurgie et radiothérapie, atouts et activité de la "
            "radiologie interventionnelle.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "chu-cement",
        CHU,
        Text(
            "Cement suits flat bones, lets the patient bear weight at once, relieves 70 to 80 %, leaks mostly "
            "without symptoms, controls no tumour.",
            "Le ciment convient aux os plats, permet l'appui presque aussitôt, soulage 70 à 80 %, fuit le plus "
            "souvent sans symptôme, ne contrôle pas la tumeur.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "chu-percutaneous-fixation",
        CHU,
        Text(
            "Percutaneous screws hold bones under torsion, in fractures with little displacement or as prevention, "
            "with or without cement.",
            "Le vissage percutané tient les os soumis à torsion, en fracture peu déplacée ou en prévention, avec ou "
            "sans ciment.",
        ),
        OPTION,
    ),
    NotEncoded(
        "chu-pathway",
        CHU,
        Text(
            "Consultation of interventional radiology with consent, act within 15 days, close follow-up.",
            "Consultation de radiologie interventionnelle avec consentement, geste sous 15 jours, suivi rapproché.",
        ),
        ORGANISATION,
    ),
    NotEncoded(
        "chu-multimodal",
        CHU,
        Text(
            "Combination with radiotherapy, ablation, or electrochemotherapy under development.",
            "Association à la radiothérapie, à une ablation, ou à l'électrochimiothérapie en développement.",
        ),
        OPTION,
    ),
    NotEncoded(
        "cim-principle",
        CIM,
        Text(
            "What a cementoplasty is and where it is done; relief is fast and morphine falls.",
            "Ce qu'est une cimentoplastie et où elle se fait ; le soulagement est rapide et la morphine diminue.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "cim-sites",
        CIM,
        Text(
            "Indications by site: vertebral body, pelvis, neck of the femur with a nail, also to prevent a fracture.",
            "Indications par site : corps vertébral, bassin, col du fémur avec clou, aussi pour prévenir une fracture.",
        ),
        JUDGEMENT,
    ),
    NotEncoded(
        "cim-anaesthesia",
        CIM,
        Text(
            "Sedation or general anaesthesia, local on request; prone for up to 90 minutes.",
            "Sédation ou anesthésie générale, locale sur demande ; à plat ventre jusqu'à 1 h 30.",
        ),
        TECHNIQUE,
    ),
    NotEncoded(
        "cim-leaks",
        CIM,
        Text(
            "Leaks of cement are common and hardly ever matter.",
            "Les fuites de ciment sont fréquentes et presque toujours sans conséquence.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "cim-aftercare",
        CIM,
        Text(
            "Walking after 2 hours, home the same or the next day, nurses at home, full autonomy in 2 to 4 weeks.",
            "Marche à 2 heures, retour le jour même ou le lendemain, soins infirmiers à domicile, autonomie complète "
            "en 2 à 4 semaines.",
        ),
        AFTERCARE,
    ),
    NotEncoded(
        "cim-reimbursement",
        CIM,
        Text("The act is reimbursed.", "L'acte est remboursé."),
        PAPERWORK,
    ),
    NotEncoded(
        "kas-context",
        KAS,
        Text(
            "Longer survival, and pain against which the usual treatments may fail.",
            "Survie plus longue, et douleurs contre lesquelles les traitements usuels peuvent échouer.",
        ),
        BACKGROUND,
    ),
    NotEncoded(
        "kas-procedures",
        KAS,
        Text(
            "Percutaneous procedures for pain or to hold bone, alone or combined with radiotherapy, surgery and each "
            "other.",
            "Gestes percutanés contre la douleur ou pour consolider, seuls ou combinés à radiothérapie, chirurgie et "
            "entre eux.",
        ),
        OPTION,
    ),
)
"""In the order of the documents."""
