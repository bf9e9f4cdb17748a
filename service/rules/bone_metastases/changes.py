"""What the second edition of the rules changed, for those who sign them; the catalogue shows it by rule."""

from __future__ import annotations

from service.rules.bone_metastases.wording import _
from service.rules.voices import Change

SECOND = "2.0.0"

CHANGES = (
    Change(SECOND, (), _("What we do not recognise counts as unknown, never as given, done or absent.")),
    Change(SECOND, (), _("A date that says nothing (before 1905, 1970-01-01 at midnight, from 2999 on) is no date.")),
    Change(SECOND, (), _("A diagnosis of a stay is dated by the stay.")),
    Change(SECOND, (), _("A reference range counts only where it is one of adults and fits sex and age.")),
    Change(SECOND, (), _("Dialysis or end-stage kidney disease on record counts as a clearance below 30 mL/min.")),
    Change(SECOND, (), _("Local use (eye, skin, lock of a catheter) is no exposure.")),
    Change(SECOND, (), _("One dose of another antiresorptive a year ago or less leaves an order a start.")),
    Change(SECOND, (), _("An order that revises one on record is no start, and is not offered to be removed.")),
    Change(SECOND, (), _("A patient who has died gets one information, no advice.")),
    Change(SECOND, (), _("An order that could not be identified is told only where it may be one of ours.")),
    Change(SECOND, (), _("Acts are identified from their wording too, and the card says so.")),
    Change(SECOND, (), _("The act to take comes first; the source is short, and its link leads to this catalogue.")),
    Change(
        SECOND,
        (),
        _(
            "Another primary makes some cards milder, and every card says that the referential was written for lung cancer."
        ),
    ),
    Change(SECOND, (), _("At the end of life the cards of prevention are silent.")),
    Change(SECOND, (), _("More rules about one problem share a card; hydration is said once an order.")),
    Change(SECOND, ("two-antiresorptives",), _("two antiresorptives at once."), new=True),
    Change(
        SECOND, ("antiresorptive-short-expectancy",), _("a start with a life expectancy of 3 months or less."), new=True
    ),
    Change(SECOND, ("hypophosphataemia",), _("low phosphate before an antiresorptive."), new=True),
    Change(SECOND, ("spinal-instability-unknown",), _("a spine that is treated without a SINS."), new=True),
    Change(SECOND, ("cementoplasty-tumour-control",), _("cement beside which nothing controls the tumour."), new=True),
    Change(SECOND, ("surgery-life-expectancy",), _("the kind of surgery by life expectancy."), new=True),
    Change(SECOND, ("surgery-primary-unknown",), _("surgery before a primary is known."), new=True),
    Change(SECOND, ("bone-scan-staging",), _("scintigraphy for staging where a PET is more sensitive."), new=True),
    Change(
        SECOND,
        ("vitamin-d-insufficiency",),
        _("information: the correction begins with the treatment, nothing is delayed."),
    ),
    Change(SECOND, ("vitamin-d-correction-under-way",), _("a loading that ended too early does not count.")),
    Change(
        SECOND,
        ("calcium-unknown",),
        _("albumin alone missing is silent; no word of hypocalcaemia where calcium is high."),
    ),
    Change(SECOND, ("hypocalcaemia",), _("critical below 2.00 mmol/L (uncorrected: 1.75).")),
    Change(
        SECOND,
        ("zoledronate-renal-contraindication", "zoledronate-renal-dose"),
        _("an order for hypercalcaemia is weighed: no removal, no dose offered."),
    ),
    Change(
        SECOND,
        ("dental-restoration-pending",),
        _("an extraction that is ordered is named with the earliest first dose."),
    ),
    Change(
        SECOND,
        ("osteonecrosis-of-jaw", "denosumab-discontinued", "antiresorptive-stopped-early"),
        _("codes that may be jaw osteonecrosis count as possible."),
    ),
    Change(SECOND, ("jaw-osteonecrosis-cofactors",), _("brachytherapy of head and neck counts.")),
    Change(SECOND, ("supplementation-missing",), _("nothing is offered before calcium is known.")),
    Change(
        SECOND,
        ("denosumab-dose",),
        _("119 mg (1.7 mL of 70 mg/mL) is 120; on a product of 60 mg the product changes, not the dose."),
    ),
    Change(
        SECOND,
        ("zoledronate-first-infusion",),
        _(
            "paracetamol is offered to adults of 50 kg or more only, without allergy, liver disease or paracetamol on record."
        ),
    ),
    Change(SECOND, ("denosumab-overdue",), _("silent where the next dose is planned within 14 days.")),
    Change(
        SECOND,
        ("denosumab-discontinued",),
        _("no infusion is proposed with jaw osteonecrosis, hypocalcaemia or a clearance below 30 mL/min."),
    ),
    Change(SECOND, ("tki-with-radiotherapy",), _("other targeted therapies count too.")),
    Change(
        SECOND,
        ("radiosensitiser-before-radiotherapy", "radiosensitiser-after-radiotherapy"),
        _("nothing offered postpones urgent radiotherapy; stated ends count, lost ones are reckoned."),
    ),
    Change(
        SECOND,
        ("chemotherapy-severe-renal-impairment",),
        _("the product information first; never «reduce the dose» alone."),
    ),
    Change(
        SECOND,
        ("bisphosphonate-severe-renal-impairment",),
        _("osteoporosis bisphosphonates count; an order for hypercalcaemia is not removed."),
    ),
    Change(SECOND, ("procedure-under-systemic",), _("beware of the nadir.")),
    Change(SECOND, ("treatment-after-bone-surgery",), _("planned surgery and anti-angiogenics count.")),
    Change(
        SECOND,
        ("single-fraction",),
        _("warning for the spine and for a fracture of the bone treated; information at the end of life."),
    ),
    Change(SECOND, ("fractionation-advice",), _("only the rows that can be meant for this site.")),
    Change(SECOND, ("mirels-high",), _("silent where a fixation is drafted, ordered or done.")),
    Change(SECOND, ("spinal-instability",), _("from SINS 7, for cementoplasty and in the record too.")),
    Change(SECOND, ("stereotactic-contraindication",), _("the same vertebra or bone, without neighbours.")),
    Change(
        SECOND, ("stereotactic-relative-contraindication",), _("SINS 7 to 12 belongs to the instability of the spine.")
    ),
    Change(SECOND, ("re-irradiation-interval",), _("the earliest date and the earlier dose are said.")),
    Change(
        SECOND,
        ("cementoplasty-bleeding-risk",),
        _("a prothrombin lowered by a vitamin K antagonist that will be stopped is a warning."),
    ),
    Change(
        SECOND,
        ("cementoplasty-antithrombotics",),
        _("a vitamin K antagonist is stopped days before; the day before is the heparin's."),
    ),
    Change(
        SECOND,
        ("cementoplasty-relative-contraindication",),
        _("which one, and «when extensive» of the posterior wall."),
    ),
    Change(SECOND, ("cementoplasty-imaging",), _("what is missing for this site only.")),
    Change(SECOND, ("acetabular-order",), _("silent with a pathological fracture of the acetabulum.")),
    Change(
        SECOND,
        ("bone-scan-after-fdg-pet", "bone-scan-routine-follow-up"),
        _("silent for another reason (new pain, a clinical question) and for a prostate primary."),
    ),
    Change(SECOND, ("bone-biopsy-handling",), _("only for a cancer or a bone metastasis, never for an infection.")),
)
"""By version, in the order of the specification; without ids: about all rules."""
