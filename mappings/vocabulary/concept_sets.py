"""The sets of concepts that rules and facts speak of; the names are those of the value sets.

A name that ends in `_prefix` stands for a class of drugs whose substance the code does not say. Sets whose members are
look-alikes (the deny lists) say so: they are found in `Recognised.denied`, and count only with what the comment asks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


# --- A. bone agents, vitamin D, calcium -------------------------------------------------------------------------------

DENOSUMAB = _set("denosumab denosumab_120mg denosumab_60mg")
ZOLEDRONIC_ACID = _set("zoledronic_acid zoledronic_acid_4mg zoledronic_acid_5mg")
OSTEOPOROSIS_PRODUCTS = _set("denosumab_60mg zoledronic_acid_5mg")
"""Told by product; ATC, ingredient and HCPCS cannot tell them, then the dose of the order does."""

BONE_METASTASIS_PRODUCTS = _set("denosumab_120mg zoledronic_acid_4mg")
IBANDRONIC_ACID = _set("ibandronic_acid")
OSTEOPOROSIS_STRENGTHS = (
    (DENOSUMAB, 60, ""),
    (ZOLEDRONIC_ACID, 5, ""),
    (IBANDRONIC_ACID, 150, "route_oral"),
    (IBANDRONIC_ACID, 3, "route_intravenous"),
)
"""The drug, the milligrams of its osteoporosis product, and the route of that product where another would say something else."""

BONE_METASTASIS_BISPHOSPHONATES = ZOLEDRONIC_ACID | _set("pamidronic_acid ibandronic_acid clodronic_acid")
ANTIRESORPTIVES = DENOSUMAB | BONE_METASTASIS_BISPHOSPHONATES
ALL_BISPHOSPHONATES = BONE_METASTASIS_BISPHOSPHONATES | _set(
    "alendronic_acid risedronic_acid etidronic_acid tiludronic_acid bisphosphonate_prefix"
)

CHOLECALCIFEROL = _set("cholecalciferol")
ERGOCALCIFEROL = _set("ergocalciferol")
CALCIFEDIOL = _set("calcifediol")
VITAMIN_D_SUPPLEMENTS = (
    CHOLECALCIFEROL
    | ERGOCALCIFEROL
    | CALCIFEDIOL
    | _set("vitamin_d_combination calcium_plus_vitamin_d vitamin_d_prefix")
)
"""Calcitriol, alfacalcidol, dihydrotachysterol and the analogues do not count as supplementation."""

ACTIVE_VITAMIN_D = _set("calcitriol alfacalcidol dihydrotachysterol")
CALCIUM_SUPPLEMENTS = _set("calcium_carbonate calcium_any calcium_plus_vitamin_d")
PARACETAMOL = _set("paracetamol paracetamol_combination")

# --- B. systemic anticancer drugs -------------------------------------------------------------------------------------

GEMCITABINE = _set("gemcitabine")
DOXORUBICIN = _set("doxorubicin")
BEVACIZUMAB = _set("bevacizumab")
BLEOMYCIN = _set("bleomycin")
SYSTEMIC_ANTIANGIOGENICS = BEVACIZUMAB | _set(
    "ramucirumab aflibercept_systemic nintedanib sunitinib sorafenib pazopanib regorafenib cabozantinib"
    " lenvatinib axitinib tivozanib fruquintinib cediranib rivoceranib ponatinib vandetanib"
    " antiangiogenic_prefix"
)
"""Not the eye injections. The multikinase inhibitors of VEGFR are here and TKIs too: the stricter class wins."""

RADIOSENSITISERS = GEMCITABINE | DOXORUBICIN | BLEOMYCIN | SYSTEMIC_ANTIANGIOGENICS
RADIOTHERAPY_COMPATIBLE = _set("carboplatin cisplatin vinorelbine paclitaxel etoposide pemetrexed docetaxel")
PLATINUMS_AND_PEMETREXED = _set("cisplatin carboplatin oxaliplatin pemetrexed")
CYTOTOXICS = (
    GEMCITABINE
    | DOXORUBICIN
    | BLEOMYCIN
    | RADIOTHERAPY_COMPATIBLE
    | PLATINUMS_AND_PEMETREXED
    | _set(
        "capecitabine cyclophosphamide epirubicin eribulin fluorouracil ifosfamide irinotecan lurbinectedin"
        " methotrexate mitomycin temozolomide topotecan trabectedin vinblastine vincristine vindesine vinflunine"
        " cytotoxic_prefix platinum_prefix"
    )
)
CHECKPOINT_INHIBITORS = _set(
    "atezolizumab durvalumab ipilimumab nivolumab pembrolizumab avelumab camrelizumab cemiplimab dostarlimab"
    " envafolimab nivolumab_relatlimab prolgolimab retifanlimab sasanlimab serplulimab sugemalimab"
    " tislelizumab toripalimab tremelimumab checkpoint_inhibitor_prefix"
)
TYROSINE_KINASE_INHIBITORS = _set(
    "adagrasib afatinib alectinib aumolertinib binimetinib brigatinib capmatinib ceritinib cobimetinib"
    " crizotinib dabrafenib dacomitinib encorafenib ensartinib entrectinib erlotinib firmonertinib gefitinib"
    " ibrutinib icotinib imatinib lapatinib larotrectinib lazertinib lorlatinib mobocertinib neratinib"
    " osimertinib pralsetinib repotrectinib savolitinib selpercatinib sevabertinib sotorasib sunvozertinib"
    " taletrectinib tepotinib trametinib tucatinib vemurafenib zongertinib tki_prefix nintedanib sunitinib"
    " sorafenib pazopanib regorafenib cabozantinib lenvatinib axitinib tivozanib fruquintinib cediranib"
    " rivoceranib ponatinib vandetanib"
)
TKIS_WITHOUT_ANTIANGIOGENICS = TYROSINE_KINASE_INHIBITORS - SYSTEMIC_ANTIANGIOGENICS
"""What chapter B calls a TKI beside radiotherapy: the anti-angiogenic ones have the windows of radiosensitisers."""

TARGETED_ANTIBODIES = _set(
    "amivantamab trastuzumab_deruxtecan datopotamab_deruxtecan patritumab_deruxtecan tarlatamab"
    " sacituzumab_govitecan zenocutuzumab telisotuzumab_vedotin"
)
"""Antibodies and antibody-drug conjugates that are neither checkpoint inhibitors nor anti-angiogenics."""

TARGETED_THERAPIES = TKIS_WITHOUT_ANTIANGIOGENICS | TARGETED_ANTIBODIES
"""The class of Tableau 6 that has few data beside radiotherapy."""

SYSTEMIC_ANTICANCER = (
    CYTOTOXICS
    | SYSTEMIC_ANTIANGIOGENICS
    | CHECKPOINT_INHIBITORS
    | TYROSINE_KINASE_INHIBITORS
    | TARGETED_ANTIBODIES
    | _set("other_systemic_anticancer systemic_anticancer_prefix")
)
RADIOPHARMACEUTICALS = _set("radium_223 samarium_153 strontium_89 lutetium_177 bone_palliation_radiopharm_prefix")
SYSTEMIC_CORTICOSTEROIDS = _set(
    "dexamethasone prednisone prednisolone methylprednisolone betamethasone hydrocortisone cortisone"
    " triamcinolone deflazacort cortivazol fluocortolone prednylidene vamorolone"
    " corticosteroids_systemic_prefix"
)

# --- D. antithrombotics -----------------------------------------------------------------------------------------------

ASPIRIN = _set("aspirin")
CLOPIDOGREL = _set("clopidogrel")
DIRECT_ORAL_ANTICOAGULANTS_WITH_DELAY = _set("dabigatran rivaroxaban apixaban")
"""The three for which the referential gives 48 hours."""

VITAMIN_K_ANTAGONISTS = _set("warfarin fluindione acenocoumarol phenprocoumon phenindione vitamin_k_antagonist_prefix")
LOW_MOLECULAR_WEIGHT_HEPARINS = _set("enoxaparin tinzaparin dalteparin nadroparin bemiparin parnaparin reviparin")
ANTITHROMBOTICS_WITHOUT_DELAY = _set(
    "edoxaban betrixaban heparin heparin_combination heparin_group_prefix fondaparinux danaparoid argatroban"
    " bivalirudin desirudin antithrombin sulodexide defibrotide alteplase tenecteplase anticoagulants_prefix"
    " prasugrel ticagrelor ticlopidine dipyridamole cangrelor eptifibatide tirofiban abciximab cilostazol"
    " triflusal vorapaxar iloprost indobufen antiplatelets_prefix"
)
"""No delay in the referential: the anaesthetist is asked."""

ANTITHROMBOTICS = (
    ASPIRIN
    | CLOPIDOGREL
    | DIRECT_ORAL_ANTICOAGULANTS_WITH_DELAY
    | VITAMIN_K_ANTAGONISTS
    | LOW_MOLECULAR_WEIGHT_HEPARINS
    | ANTITHROMBOTICS_WITHOUT_DELAY
)

COUNTED_IN_INTERNATIONAL_UNITS = (
    VITAMIN_D_SUPPLEMENTS
    | LOW_MOLECULAR_WEIGHT_HEPARINS
    | _set("heparin heparin_combination heparin_group_prefix danaparoid antithrombin calcitonin")
)
"""Drugs whose "units" are international units: one is never a tablet, a capsule or a vial."""

WEIGHED_IN_INTERNATIONAL_UNITS = CHOLECALCIFEROL | ERGOCALCIFEROL
"""Drugs whose mass says how many international units they are: a mass of a combination may be that of its calcium."""

# --- conditions -------------------------------------------------------------------------------------------------------

BONE_METASTASIS = _set("bone_metastasis bone_metastasis_site")
METASTASIS_SITE_UNSTATED = _set("metastasis_site_unstated")
"""A metastasis whose organ the code does not say: of bone when the body site is a bone."""

LUNG_CANCER = _set("lung_cancer lung_cancer_subtype nsclc sclc lung_adenocarcinoma lung_squamous")
PROSTATE_CANCER = _set("prostate_cancer")
OTHER_PRIMARY = PROSTATE_CANCER | _set("other_primary_prefix")
"""ICD-10 C00 to C75 and C81 to C96, without lung (C34) and skin (C44)."""

LUNG_ADENOCARCINOMA = _set("lung_adenocarcinoma")
LUNG_SQUAMOUS_CARCINOMA = _set("lung_squamous")
SMALL_CELL_LUNG_CANCER = _set("sclc")
OSTEONECROSIS_OF_JAW = _set("osteonecrosis_jaw")
OSTEONECROSIS_WITH_JAW_SITE = _set("osteonecrosis_jaw_only_with_jaw_site")
"""Look-alikes: M87.1 is osteonecrosis of the jaw with a body site in `JAW`, and may be it where no site is stated."""

JAW_INFLAMMATION = _set("jaw_inflammation_any")
"""Look-alikes: K10.2 and its likes may be an osteonecrosis of the jaw, whatever site is stated."""

POSSIBLE_OSTEONECROSIS_OF_JAW = _set("osteonecrosis_jaw_possible")

SPINAL_CORD_COMPRESSION = _set("spinal_cord_compression cauda_equina")
"""Not G99.2, myelopathy, which does not count alone."""

VERTEBRAL_FRACTURE = _set("vertebral_collapse_in_disease")
PATHOLOGICAL_FRACTURE = VERTEBRAL_FRACTURE | _set(
    "pathological_fracture pathological_fracture_neoplasm pathological_fracture_other"
)
HYPERCALCAEMIA = _set("hypercalcaemia")
"""Not the drug-induced one: as a skeletal event it is malignant hypercalcaemia."""

HYPOCALCAEMIA = _set("hypocalcaemia")
OSTEOMALACIA = _set("osteomalacia")
SEVERE_LIVER_DISEASE = _set("severe_liver_disease")
"""Liver failure; cirrhosis by itself is not severe."""

DIALYSIS = _set("dialysis")
"""A condition or a procedure."""

END_STAGE_KIDNEY_DISEASE = _set("end_stage_kidney_disease")
"""Stage 5 too."""

KIDNEY_TRANSPLANT = _set("kidney_transplant")
PALLIATIVE_CARE = _set("palliative_care")
DENTAL_INFECTION_ACTIVE = _set("dental_infection")
PARACETAMOL_ALLERGY = _set("allergy_paracetamol") | PARACETAMOL
"""As a condition, or as the substance of an AllergyIntolerance."""

BONE_CEMENT = _set("bone_cement_substance")
"""Substances: an allergy only as the code of an AllergyIntolerance."""

SEPSIS_OR_GENERAL_INFECTION = _set("sepsis infection_general")
SKIN_INFECTION = _set("infection_skin")
OTHER_INFECTION = _set("infection_other_active infection_any bone_infection_spine dental_infection")
COAGULOPATHY = _set("coagulopathy thrombocytopenia")
"""Severe only by `Condition.severity`."""

DISSEMINATED_INTRAVASCULAR_COAGULATION = _set("dic")
SEVERE = _set("severity_severe severity_life_threatening")
NOT_SEVERE = _set("severity_mild severity_moderate")
NEUROPATHIC_PAIN = _set("neuropathic_pain")
RADICULOPATHY = _set("radiculopathy")
BONE_PAIN = _set("bone_pain")
PAIN = BONE_PAIN | NEUROPATHIC_PAIN | _set("pain_any")
OLIGOMETASTATIC_DISEASE = _set("oligometastatic_disease")
HISTORY_OF_IRRADIATION = _set("history_of_irradiation")
"""Earlier radiotherapy of an unknown region and date."""

# --- procedures and orders --------------------------------------------------------------------------------------------

STEREOTACTIC_RADIOTHERAPY = _set("radiotherapy_stereotactic")
"""Any site: no code says the body, the site does."""

RADIOTHERAPY = STEREOTACTIC_RADIOTHERAPY | _set(
    "radiotherapy_any radiotherapy_external_beam radiotherapy_technique_codex radiotherapy_fractionated"
    " radiotherapy_single_fraction radiotherapy_delivery radiotherapy_management radiotherapy_palliative"
    " radiotherapy_record radiotherapy_encounter chemoradiotherapy"
)
"""External beam; brachytherapy is a look-alike."""

BRACHYTHERAPY = _set("brachytherapy")
"""A look-alike of external radiotherapy, which the head and neck bear as well."""

RADIOTHERAPY_PREPARATION = _set("radiotherapy_preparation")
"""Planning and dosimetry: radiotherapy is planned, none was given."""

RADIONUCLIDE_THERAPY = RADIOPHARMACEUTICALS | _set(
    "radionuclide_therapy radionuclide_therapy_bone radionuclide_therapy_ra223 radionuclide_therapy_sr89"
)
VERTEBROPLASTY = _set("vertebroplasty vertebroplasty_guidance")
KYPHOPLASTY = _set("kyphoplasty")
CEMENTOPLASTY = VERTEBROPLASTY | KYPHOPLASTY | _set("sacroplasty cementoplasty_acetabulum cementoplasty_extraspinal")
EXTRASPINAL_CEMENTOPLASTY = _set("cementoplasty_extraspinal")
PERCUTANEOUS_FIXATION = _set("osteosynthesis_pelvis_percutaneous")
"""The only coded one; other percutaneous fixation is told by a site's mapping."""

PREVENTIVE_FIXATION = _set("prophylactic_nailing prophylactic_osteosynthesis")
"""Surgery of a bone metastasis by the code alone."""

TUMOUR_SPINE_SURGERY = _set("spine_surgery_tumour")
SPINAL_DECOMPRESSION = _set("spinal_decompression")
ACETABULUM_SURGERY = _set("acetabulum_surgery cementoplasty_acetabulum")
BONE_SURGERY = (
    PREVENTIVE_FIXATION
    | TUMOUR_SPINE_SURGERY
    | SPINAL_DECOMPRESSION
    | _set(
        "internal_fixation acetabulum_surgery limb_surgery_arthroplasty limb_surgery_curettage"
        " limb_surgery_osteosynthesis limb_surgery_resection_reconstruction"
    )
)
"""Of a metastasis only with a bone metastasis or a pathological fracture as the reason, or a preventive fixation."""

LIMB_SURGERY = BONE_SURGERY - TUMOUR_SPINE_SURGERY - SPINAL_DECOMPRESSION
ABLATION = _set("bone_thermal_ablation bone_cryoablation")
INTERVENTIONAL_RADIOLOGY = CEMENTOPLASTY | PERCUTANEOUS_FIXATION | ABLATION | _set("interventional_radiology_any")
BONE_BIOPSY = _set("bone_biopsy")
BONE_SCINTIGRAPHY = _set("bone_scintigraphy")
FDG_PET = _set("fdg_pet")
PET_WITHOUT_TRACER = _set("pet_any pet_whole_body modality_pet")
"""Does not count as an FDG PET that was done."""

TOOTH_EXTRACTION = _set("tooth_extraction")
DENTAL_EXAMINATION = _set("dental_examination")
ORTHOPANTOMOGRAM = _set("orthopantomogram modality_panoramic")
DENTAL_TREATMENT = _set("dental_treatment dental_treatment_surgery")
DENTAL_REQUEST = _set("dental_request")
ORTHOPAEDIC_CONSULTATION = _set("orthopaedic_consultation")
ORTHOPAEDIC_SPECIALTY = _set("orthopaedic_specialty")
"""Of the performer or the service: makes a consultation orthopaedic."""

NEUROSURGERY = _set("neurosurgery")
"""Likewise: a consultation, or a performer, of neurosurgery."""

TUMOUR_BOARD = _set("tumour_board")

# --- imaging by modality and region -----------------------------------------------------------------------------------

CT_BY_REGION: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "spine": _set("ct_spine ct_chest_abdomen_pelvis ct_multi_territory ct_whole_body"),
        "pelvis": _set(
            "ct_pelvis ct_hip ct_sacroiliac ct_abdomen_pelvis ct_chest_abdomen_pelvis ct_multi_territory ct_whole_body"
        ),
        "thigh": _set("ct_thigh ct_lower_limb ct_limb ct_hip ct_knee ct_whole_body"),
        "lower leg": _set("ct_lower_leg ct_lower_limb ct_limb ct_knee ct_whole_body"),
        "upper arm": _set("ct_upper_arm ct_upper_limb ct_limb ct_shoulder ct_elbow ct_whole_body"),
        "forearm": _set("ct_forearm ct_upper_limb ct_limb ct_elbow ct_whole_body"),
        "trunk": _set("ct_scapula ct_clavicle ct_sternum ct_shoulder ct_chest_abdomen_pelvis ct_whole_body"),
    }
)
MRI_BY_REGION: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "spine": _set("mri_spine mri_sacrum mri_whole_body"),
        "pelvis": _set("mri_pelvis mri_hip mri_sacrum mri_whole_body"),
        "thigh": _set("mri_thigh mri_hip mri_lower_limb mri_limb mri_whole_body"),
        "lower leg": _set("mri_lower_limb mri_limb mri_whole_body"),
        "upper arm": _set("mri_upper_arm mri_shoulder mri_upper_limb mri_limb mri_whole_body"),
        "forearm": _set("mri_upper_limb mri_limb mri_whole_body"),
    }
)
RADIOGRAPHS_BY_REGION: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "pelvis": _set("xr_pelvis xr_hip xr_skeleton"),
        "thigh": _set("xr_femur xr_lower_limb xr_limb_several xr_hip xr_knee xr_skeleton"),
        "lower leg": _set("xr_lower_leg xr_lower_limb xr_limb_several xr_knee xr_skeleton"),
        "upper arm": _set("xr_humerus xr_upper_limb xr_limb_several xr_shoulder xr_elbow xr_skeleton"),
        "forearm": _set("xr_forearm xr_upper_limb xr_limb_several xr_elbow xr_skeleton"),
        "trunk": _set("xr_scapula xr_clavicle xr_shoulder xr_skeleton"),
    }
)
CT = frozenset({"modality_ct"}).union(*CT_BY_REGION.values())
MRI = frozenset({"modality_mr"}).union(*MRI_BY_REGION.values())
RADIOGRAPHS = frozenset({"modality_radiography"}).union(*RADIOGRAPHS_BY_REGION.values())
"""`modality_*` is the modality of an ImagingStudy: the region is in its body site."""

# --- body sites -------------------------------------------------------------------------------------------------------

SPINE = _set("site_spine")
FEMUR = _set("site_femur")
HUMERUS = _set("site_humerus")
LONG_BONE = FEMUR | HUMERUS | _set("site_long_bone")
PELVIS = _set("site_pelvis")
JAW = _set("site_jaw")
OTHER_BONE = _set("site_other_bone")
BONE_UNSPECIFIED = _set("site_bone_any")
ANY_BONE = SPINE | LONG_BONE | PELVIS | JAW | OTHER_BONE | BONE_UNSPECIFIED
HEAD_NECK = _set("site_head_neck") | JAW
REGION_UNSPECIFIC = _set("site_region_unspecific")
"""A region (pelvis, thigh, thorax): neither bone nor soft tissue; the reason or a second coding decides."""

NOT_BONE = _set("site_not_bone")
"""A look-alike (deny list): brain, lung, nodes, the renal pelvis, the cord."""

LATERALITY = _set("laterality_left laterality_right laterality_bilateral")

# --- diseases that the body site makes of a wider code ----------------------------------------------------------------

WITH_SITE = ((METASTASIS_SITE_UNSTATED, ANY_BONE, BONE_METASTASIS),)
"""Concepts, sites, and what a condition of these concepts at one of these sites is."""

OF_PROFILES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"mcode-secondary-cancer-condition": METASTASIS_SITE_UNSTATED}
)
"""What the profile of a condition (the last part of its URL in mCODE) makes of a code that does not say it."""

LOOK_ALIKES_WITH_SITE = ((OSTEONECROSIS_WITH_JAW_SITE, JAW, OSTEONECROSIS_OF_JAW),)
"""The same of look-alikes."""

ROUTINE_REASONS = BONE_METASTASIS | LUNG_CANCER | OTHER_PRIMARY | METASTASIS_SITE_UNSTATED | OLIGOMETASTATIC_DISEASE
"""What is known already: an order for these alone asks nothing new."""

# --- routes, intents --------------------------------------------------------------------------------------------------

ROUTES = _set("route_intravenous route_subcutaneous route_oral route_intramuscular")
LOCAL_ROUTES = _set(
    "route_auricular route_cutaneous route_dental route_inhalation route_intraocular route_local_injection route_nasal"
    " route_ocular route_mouth_rinse"
)
LOCAL_FORMS = _set("form_auricular form_cutaneous form_dental form_nasal form_ocular form_oromucosal form_pulmonary")
"""Of a corticosteroid or an antithrombotic no exposure (`rules.md`, "Exposure")."""

LOCAL_OF_ANY_DRUG = _set("route_intravesical form_intravesical route_intraocular")
"""In the bladder, in the eye: no exposure to any drug."""

CATHETER_FLUSH = _set("route_catheter_flush")
"""Of a heparin no exposure."""

CURATIVE_INTENT = _set("intent_curative")
PALLIATIVE_INTENT = _set("intent_palliative")
PROPHYLACTIC_INTENT = _set("intent_prophylactic")

# --- recorded findings ------------------------------------------------------------------------------------------------

FINDING_NAMES = _set(
    "mirels-score sins-score life-expectancy bone-metastasis-count metastatic-site-count largest-lesion canal-narrowing"
    " tumour-cord-distance cord-dmax cord-dmax-cumulated-eqd2 cord-dmax-new-eqd2 cortical-lysis-axial"
    " cortical-lysis-circumferential disease-response primary-controlled posterior-wall-involvement"
    " posterior-arch-involvement epidural-extension radiculopathy joint-breach mri-contraindicated"
    " asymptomatic-stable-fracture"
)
"""The codes of `urn:osteocds:finding`; each is a concept of the same name, which a public code or a site's may name."""

DISEASE_RESPONSE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "complete": _set("disease_full_remission disease_complete_response"),
        "good": _set("disease_partial_remission disease_partial_response disease_improved"),
        "stable": _set("disease_stable"),
        "progression": _set("disease_worsened disease_progressive disease_relapse"),
    }
)
"""Public codes for the values of `disease-response`."""

DISEASE_STATUS = _set("disease_status_observable")
"""The observable whose value is one of `DISEASE_RESPONSE`."""

LESION_COUNT = _set("number_of_lesions")
"""Counts lesions of any organ: of bone only with a body site in `ANY_BONE`."""

DISTANT_METASTASIS_SITE = _set("metastasis_site_observable")
"""Where a distant metastasis is: of a bone it stands for the diagnosis (`mappings.readers.metastasis_sites`)."""

# --- recognised, and used by no rule ----------------------------------------------------------------------------------

UNUSED: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        _set(
            "ecog_performance_status ecog_grade_0 ecog_grade_1 ecog_grade_2 ecog_grade_3 ecog_grade_4 karnofsky"
            " body_height bmi magnesium_mass magnesium_moles magnesium_mass_or_moles alp_total alp_bone_mass"
            " alp_bone_activity pth_intact_mass pth_intact_moles ntx_urine_creatinine_ratio hemoglobin_mass"
            " hemoglobin_moles hemoglobin_deprecated hematocrit panel_coagulation epidural_compression_grade"
            " alk_rearrangement pd_l1 egfr_protein kras_mutation genetic_variant_assessment gene_studied"
            " dna_change_c_hgvs aminoacid_change_p_hgvs discrete_variant smoking_status smoker_current smoker_former"
            " smoker_never smoker_unknown"
        ),
        "no rule reads it",
    )
    | dict.fromkeys(
        _set(
            "bevacizumab_intravitreal aflibercept_intravitreal romosozumab teriparatide cinacalcet"
            " furosemide bumetanide torasemide loop_diuretic_prefix opioids_prefix nsaid_prefix"
        ),
        "recognised so that it is not taken for another drug",
    )
    | dict.fromkeys(
        _set(
            "calcium_ionised_moles calcium_ionised_moles_pH7.4 calcium_ionised_calculated calcium_ionised_mass"
            " calcium_ionised_mass_pH7.4"
        ),
        "never used for the corrected calcium",
    )
    | dict.fromkeys(
        _set(
            "bone_marrow_metastasis calcium_metabolism_disorder hypercalcaemia_other vitamin_d_deficiency ckd"
            " pregnancy primary_hyperparathyroidism hypoparathyroidism tooth_loss allergy_other"
            " allergy_denosumab long_term_bisphosphonate long_term_anticoagulant jaw_inflammation"
            " jaw_osteomyelitis_sequestrum spinal_canal_narrowing vertebral_instability cirrhosis dental_caries"
        ),
        "near a condition of the rules, and not it",
    )
    | dict.fromkeys(
        _set(
            "prognosis_good prognosis_poor prognosis_uncertain prognosis_fair prognosis_guarded prognosis_year_plus"
            " terminal_illness distant_metastasis_present disease_undetermined disease_not_detected"
            " disease_phase_initial"
        ),
        "says no number and no response that a rule asks for",
    )
    | dict.fromkeys(
        _set(
            "bone_tumour_physical_destruction naf_pet_bone modality_nuclear intent_supportive intent_adjuvant"
            " intent_neoadjuvant intent_therapeutic site_multiple site_entire site_proximal site_distal"
        ),
        "no rule asks for it",
    )
    | dict.fromkeys(
        _set("form_oral form_other form_parenteral form_rectal form_transdermal form_vaginal unit_of_presentation"),
        "the form of a product, where no rule asks how it is used",
    )
    | dict.fromkeys(
        _set(
            "route_extracorporeal route_intrauterine route_not_applicable route_oromucosal route_oropharyngeal"
            " route_parenteral_other route_rectal route_sublingual route_transdermal route_urethral route_vaginal"
        ),
        "a way of giving that no rule asks for",
    )
    | dict.fromkeys(_set("pregnancy_status_observable"), "no rule reads it")
)
"""Concepts of the value sets that no set above holds, each with the reason."""
