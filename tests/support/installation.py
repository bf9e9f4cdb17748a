"""A small hospital to certify: a FHIR server that wants a token, the service behind a proxy, the keys of a client."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from click.testing import CliRunner, Result
from support.gateway import Call, Gateway, Reply, gateway
from support.scenario import SETTINGS
from support.serving import served

from service.certify.tokens import KEYS, REGISTRY, tokens_of
from service.cli import main
from service.demo.embedded_fhir import free_port

FHIR_TOKEN = "opaque-fhir-token"  # noqa: S105 - it opens a server of this test alone
SERVICE = "bone-metastases-order-sign"


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - what is certified has the clock of the machine


@cache
def kept() -> Path:
    """Keys that are made once: of a client, and of receipts."""
    folder = Path(mkdtemp(prefix="osteocds-test-"))
    tokens_of(folder / "keys", "certify", public_url="", service=SERVICE, moment=0)
    for name in ("receipt.pem", "another.pem"):
        make_key(folder / name)
    return folder


def make_key(file: Path) -> None:
    command = ["openssl", "ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", str(file)]
    subprocess.run(command, check=True)


@dataclass
class Installation:
    """What is certified; a test changes it.

    `running` are the settings of the service, `last` what is other in its last replica, `environment` those that certify it.
    """

    folder: Path
    fhir: Gateway
    front: Gateway
    running: dict[str, Any]
    environment: dict[str, str]
    options: list[str]
    replicas: int = 1
    last: dict[str, Any] = field(default_factory=dict)
    starts: bool = True
    databases: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"{self.fhir.address}/fhir"

    def certify(self, *options: str) -> Result:
        """Start the service as it is now, and certify it; the report lies in `out`."""
        with ExitStack() as stack:
            if self.starts:
                self.front.upstreams = [
                    stack.enter_context(served(now=now, **self._settings(number))) for number in range(self.replicas)
                ]
            command = ["certify", self.front.address, *self.options, *options, "--out", str(self.folder / "out")]
            return CliRunner().invoke(main, command, env=self.environment, catch_exceptions=False)

    def _settings(self, number: int) -> dict[str, Any]:
        """Each replica keeps a database for itself, unless one is named."""
        own = {"database_url": f"sqlite:///{self.folder}/{number}.sqlite3"}
        return {**own, **self.running, **(self.last if number == self.replicas - 1 else {})}

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.folder / "out/certification.json").read_text())["report"]
        return report

    def outcomes(self, *verdicts: str) -> dict[str, str]:
        """The checks that came to these verdicts; of several of one id the worst."""
        order = ["pass", "not run", "warn", "fail"]
        worst: dict[str, str] = {}
        for one in self.report["checks"]:
            worst[one["id"]] = max(worst.get(one["id"], "pass"), one["verdict"], key=order.index)
        return {check: verdict for check, verdict in worst.items() if verdict in verdicts}

    def seen(self, check: str) -> str:
        return "\n".join(f"{one['seen']} {one.get('rows', '')}" for one in self.report["checks"] if one["id"] == check)

    def register(self, line: str) -> None:
        """One line more in the table of the client."""
        registry = self.folder / "keys" / REGISTRY
        registry.write_text(f"{registry.read_text()}{line}\n")

    def use_registry(self, *, client: str = "certify", bases: list[str] | None = None) -> None:
        """The registry of the running service."""
        allowed = [self.base] if bases is None else bases
        keys = self.folder / "keys"
        table = (
            f'[{client}]\nissuer = "https://{client}.example"\njwks = "keys.json"\nfhir_bases = {json.dumps(allowed)}\n'
        )
        (keys / REGISTRY).write_text(table)


def needs_token(call: Call) -> Reply | None:
    """A FHIR server that asks for a token, but for what it can do."""
    sound = call.headers.get("Authorization") == f"Bearer {FHIR_TOKEN}" or call.address.endswith("/metadata")
    return None if sound else refusal(401)


def refusal(status: int) -> Reply:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}
    return Reply(status, {"Content-Type": "application/fhir+json"}, json.dumps(outcome).encode())


def searchset(*resources: dict[str, Any]) -> Reply:
    entries = [{"resource": one} for one in resources]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
    return Reply(200, {"Content-Type": "application/fhir+json"}, json.dumps(bundle).encode())


@contextmanager
def installation(folder: Path, fhir_base: str) -> Iterator[Installation]:
    """A healthy one, before the FHIR server at `fhir_base`, which holds patients."""
    keys = folder / "keys"
    keys.mkdir()
    for name in KEYS:
        shutil.copy(kept() / "keys" / name, keys / name)
    token = folder / "token"
    token.write_text(FHIR_TOKEN)
    upstream = fhir_base.removesuffix("/fhir")
    with gateway(upstream) as fhir, gateway(f"http://127.0.0.1:{free_port()}") as front:
        fhir.before = needs_token
        base = f"{fhir.address}/fhir"
        tokens_of(keys, "certify", public_url=front.address, service=SERVICE, moment=0, bases=[base])
        registry = folder / "keys" / REGISTRY
        yield Installation(
            folder,
            fhir,
            front,
            running={
                "allow_unauthenticated": False,
                "clients": registry,
                "public_url": front.address,
                "receipt_key": kept() / "receipt.pem",
            },
            environment={
                "OSTEOCDS_PUBLIC_URL": front.address,
                "OSTEOCDS_RECEIPT_KEY": str(kept() / "receipt.pem"),
                "OSTEOCDS_FHIR_BASES": base,
                "OSTEOCDS_TIMEZONE": str(SETTINGS.timezone),
            },
            options=["--keys", str(keys), "--fhir-token", str(token), "--sample", "5"],
        )
