"""Puts synthetic records on a FHIR server for the time of a test, and takes them away again.

The server may be a public one: whatever is put there carries ids and a tag of its own load, and is deleted after.
"""

import json
import re
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import requests

Resource = dict[str, Any]

RUN_SYSTEM = "urn:osteocds:test-run"
FHIR_JSON = {"Content-Type": "application/fhir+json"}
SECONDS_TO_ANSWER = 60
SECONDS_TO_INDEX = 120


@contextmanager
def loaded(base: str, resources: Iterable[Resource]) -> Iterator[str]:
    """Have `resources`, with the ids they bring, on the server at `base`; give the prefix that this load adds to them.

    `{"resourceType": "Patient", "id": "anna"}` is there as `Patient/{prefix}anna`, and relative references between
    resources follow (see `prefixed`). List what is referenced before what refers to it, for servers that check.
    """
    prefix = f"t{secrets.token_hex(4)}-"
    mine = [prefixed(resource, prefix) for resource in resources]
    with requests.Session() as session:
        try:
            _store(session, base, mine)
            _wait_until_found(session, base, mine)
            yield prefix
        finally:
            _delete(session, base, mine)


def prefixed(resource: Resource, prefix: str) -> Resource:
    """Give the resource as a load with this prefix holds it: its id, its relative references, and the load's tag."""
    meta = resource.get("meta", {})
    tag = {"system": RUN_SYSTEM, "code": prefix.rstrip("-")}
    return {**with_prefix(resource, prefix), "meta": {**meta, "tag": [*meta.get("tag", []), tag]}}


def with_prefix(resource: Resource, prefix: str) -> Resource:
    """Give the resource with its id and its relative references as in a load with this prefix."""
    return {**_with_references(resource, prefix), "id": prefix + resource["id"]}


def without_prefix(text: str, prefix: str) -> str:
    """Give a text about a load as if its ids had no prefix."""
    return text.replace(prefix, "") if prefix else text


def _with_references(value: Any, prefix: str) -> Any:
    match value:
        case {"reference": str(reference)}:
            # Type/id, not #contained, urn:uuid:... or https://...
            return {**value, "reference": re.sub(r"^([A-Z][A-Za-z]+/)", rf"\g<1>{prefix}", reference)}
        case dict():
            return {name: _with_references(child, prefix) for name, child in value.items()}
        case list():
            return [_with_references(child, prefix) for child in value]
        case _:
            return value


def _store(session: requests.Session, base: str, resources: list[Resource]) -> None:
    entries = [{"resource": resource, "request": {"method": "PUT", "url": _path(resource)}} for resource in resources]
    if _transaction_succeeds(session, base, entries):
        return
    # Refused as one, or not offered: one by one works, or names the resource that is refused.
    for resource in resources:
        answer = session.put(
            f"{base}/{_path(resource)}", data=json.dumps(resource), headers=FHIR_JSON, timeout=SECONDS_TO_ANSWER
        )
        if not answer.ok:
            raise RuntimeError(f"{base} refuses {_path(resource)} with {answer.status_code}: {answer.text[:1000]}")


def _delete(session: requests.Session, base: str, resources: list[Resource]) -> None:
    backwards = resources[::-1]
    if _transaction_succeeds(
        session, base, [{"request": {"method": "DELETE", "url": _path(resource)}} for resource in backwards]
    ):
        return
    answers = {
        _path(resource): session.delete(f"{base}/{_path(resource)}", timeout=SECONDS_TO_ANSWER)
        for resource in backwards
    }
    left = [path for path, answer in answers.items() if not answer.ok and answer.status_code not in {404, 410}]
    if left:
        raise RuntimeError(f"Left behind on {base}, to be deleted by hand: {', '.join(left)}")


def _transaction_succeeds(session: requests.Session, base: str, entries: list[dict[str, Any]]) -> bool:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = session.post(base, data=json.dumps(bundle), headers=FHIR_JSON, timeout=SECONDS_TO_ANSWER)
    # Medplum's memory answers 200 for the whole whatever became of the parts.
    return answer.ok and all(entry["response"]["status"].startswith("2") for entry in answer.json()["entry"])


def _wait_until_found(session: requests.Session, base: str, resources: list[Resource]) -> None:
    ids = defaultdict(list)
    for resource in resources:
        ids[resource["resourceType"]].append(resource["id"])
    deadline = time.monotonic() + SECONDS_TO_INDEX
    while late := [kind for kind in ids if _count(session, base, kind, ids[kind]) < len(ids[kind])]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{base} stored but does not find, {SECONDS_TO_INDEX} s later: {', '.join(late)}")
        time.sleep(1)


def _count(session: requests.Session, base: str, kind: str, ids: list[str]) -> int:
    answer = session.post(
        f"{base}/{kind}/_search",
        data={"_id": ",".join(ids), "_summary": "count"},
        headers={"Cache-Control": "no-cache"},  # HAPI repeats a search's answer for a minute otherwise
        timeout=SECONDS_TO_ANSWER,
    )
    answer.raise_for_status()
    total: int = answer.json()["total"]
    return total


def _path(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
