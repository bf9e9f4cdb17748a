"""A second guideline, for the tests: three rules about drugs for gout, from a document that we made up.

It is a folder like any other guideline, and brings all of its own: code lists, an analyte, settings, words and their
translations. `service/test_second_guideline.py` serves it; nothing else knows it.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from gout import flare, starting
from gout.analytes import URIC_ACID
from gout.documents import DOCUMENTS
from gout.policy import POLICY
from gout.settings import Settings
from gout.wording import _
from mappings.facts import Clearance
from service.rules.guideline import Chapter, DemoPatient, Guideline

GUIDELINE = Guideline(
    id="gout",
    version="1.0.0",
    title=_("Gout"),
    about=_("Drugs for gout: the leaflet of a hospital that does not exist, 2026"),
    chapters=(
        Chapter("urate-lowering", _("Lowering uric acid"), starting),
        Chapter("flare", _("Treating a flare"), flare),
    ),
    policy=POLICY,
    settings=Settings(),
    documents=DOCUMENTS,
    folder=Path(__file__).parent,
    taken_for_granted={"conditions": ["gout"]},
    rounding={Clearance: (Decimal(Settings().severe_renal_impairment_below),)},
    valuesets=Path(__file__).parent / "valuesets",
    analytes=(URIC_ACID,),
    demo_patients=(
        DemoPatient(
            "demo-linden",
            _("Mr Linden, 71: colchicine, creatinine clearance 22 mL/min"),
            {"sex": "male", "conditions": ["gout"], "clearance": "22 mL/min 2 days ago"},
            ({"drug": "colchicine", "dose": "0.5 mg"},),
        ),
    ),
)
