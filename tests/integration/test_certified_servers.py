"""`osteocds certify --write` on real FHIR servers: what it writes, finds and deletes is the same on each."""

from __future__ import annotations

import pytest
import requests
from support.installation import installation, now

from service.demo.run import DEMO_PATIENTS, load

NO_LINKS = {"medplum": {"fhir.paging": "fail"}}
"""What is wrong with one of them: it gives no links to the next page."""


@pytest.mark.parametrize("server", ["hapi", "medplum"])
def test_a_site_with_this_fhir_server_is_certified_but_for_what_it_lacks(server, request, tmp_path):
    base = request.getfixturevalue(f"{server}_base")
    load(DEMO_PATIENTS, base, now().date())
    with installation(tmp_path, base) as site:
        named = tmp_path / "patients"
        named.write_text("\n".join(patient.id for patient in DEMO_PATIENTS[:5]))
        result = site.certify("--write", "--patients", str(named))
    assert site.outcomes("warn", "fail", "not run") == NO_LINKS.get(server, {}), result.output
    found = requests.get(f"{base}/Patient", {"_tag": "urn:osteocds:certify|"}, timeout=10).json()
    assert found.get("entry", []) == []
