"""The FHIR server of `make load`: whoever is asked about has the same record, and answers come late or not at all by chance.

Each answer takes `FHIR_SECONDS`; below `/faulty` one in twenty takes `SLOW_SECONDS`, and one in two hundred never
comes. `/silent` tells about whom it was silent.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs

import orjson
import uvicorn
from tools.load_phases import FAULTY

App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

FHIR_SECONDS = 0.2
SLOW_SECONDS = 1.5
SLOW, SILENT = 1 / 20, 1 / 200


def fhir_server(bundles: Mapping[str, bytes], patient: bytes, chance: random.Random) -> App:
    """The server (ASGI): what each type's search finds, and the Patient; `patient` stands in both for who is asked about."""
    silent: list[str] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        base, *parts = scope["path"].strip("/").split("/")
        if base == "metadata":
            await told(send, b"{}")
            return
        if base == "silent":
            await told(send, orjson.dumps(silent))
            return
        who = parts[1] if parts[0] == "Patient" else await searched(scope, receive)
        drawn = chance.random() if base == FAULTY else 1.0
        if drawn < SILENT:
            silent.append(who)
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await asyncio.sleep(SLOW_SECONDS if drawn < SILENT + SLOW else FHIR_SECONDS)
        await told(send, bundles.get(parts[0], NOTHING).replace(patient, who.encode()))

    return answer


NOTHING = orjson.dumps({"resourceType": "Bundle", "type": "searchset", "total": 0, "entry": []})


async def searched(scope: Any, receive: Any) -> str:
    """The id of the patient whom a search by GET or POST is about."""
    asked = scope["query_string"]
    while True:
        came = await receive()
        asked += b"&" + came.get("body", b"")
        if not came.get("more_body"):
            break
    told_of = parse_qs(asked.decode())
    return next(told_of[name][0] for name in ("patient", "subject") if name in told_of).rpartition("/")[2]


async def told(send: Any, body: bytes) -> None:
    headers = [(b"content-type", b"application/fhir+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def bundles_of(request: Mapping[str, Any]) -> dict[str, bytes]:
    """What a search of each type finds, of the record that a request has prefetched; the Patient by itself."""
    held: dict[str, list[dict[str, Any]]] = {}
    for prefetched in request["prefetch"].values():
        for entry in (prefetched or {}).get("entry", ()):
            of_type = held.setdefault(entry["resource"]["resourceType"], [])
            if entry["resource"] not in of_type:
                of_type.append(entry["resource"])
    found = {
        name: orjson.dumps(
            {
                "resourceType": "Bundle",
                "type": "searchset",
                "total": len(resources),
                "entry": [{"resource": one, "search": {"mode": "match"}} for one in resources],
            }
        )
        for name, resources in held.items()
    }
    return found | {"Patient": orjson.dumps(request["prefetch"]["patient"])}


def main() -> None:
    """Serve the record of a request (its file) until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("request", type=Path)
    parser.add_argument("patient")
    parser.add_argument("port", type=int)
    chosen = parser.parse_args()
    bundles = bundles_of(orjson.loads(chosen.request.read_bytes()))
    server = fhir_server(bundles, chosen.patient.encode(), random.Random(chosen.port))
    uvicorn.run(server, port=chosen.port, loop="uvloop", access_log=False, log_level="warning", backlog=1024)


if __name__ == "__main__":
    main()
