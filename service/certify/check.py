"""What a check found, and the table of all checks: what each looks at, and what to do where it does not pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mappings.wording import Text, _


class Verdict(StrEnum):
    """What came of a check."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    NOT_RUN = "not run"
    """Nobody can tell, and `seen` says why: it is never a pass."""


SHOWN_VERDICTS: Mapping[Verdict, Text] = MappingProxyType(
    {
        Verdict.PASS: _("passed"),
        Verdict.WARN: _("warning"),
        Verdict.FAIL: _("failed"),
        Verdict.NOT_RUN: _("not run"),
    }
)


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one check: its id, a row of `CHECKS`, what was seen, and what of several things it is about.

    `rows` are counts and codes beside it. Nothing of it is of a patient.
    """

    id: str
    verdict: Verdict
    seen: Text
    about: str = ""
    rows: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One check of the table: what is looked at, and what to do where it does not pass."""

    title: Text
    todo: Text


def passed(check: str, seen: Text, about: str = "") -> Check:
    """It holds."""
    return Check(check, Verdict.PASS, seen, about)


def warned(check: str, seen: Text, about: str = "", rows: tuple[Text, ...] = ()) -> Check:
    """It works, and somebody should look at it."""
    return Check(check, Verdict.WARN, seen, about, rows)


def failed(check: str, seen: Text, about: str = "", rows: tuple[Text, ...] = ()) -> Check:
    """It does not hold."""
    return Check(check, Verdict.FAIL, seen, about, rows)


def not_run(check: str, why: Text, about: str = "") -> Check:
    """It could not be looked at."""
    return Check(check, Verdict.NOT_RUN, why, about)


CHECKS: Mapping[str, Row] = MappingProxyType(
    {
        # --- the running service
        "running.live": Row(
            _("The service answers at the address that is certified"),
            _(
                "See that it runs, and that the address, its proxy and its certificate are right; its log says why it ended."
            ),
        ),
        "running.transport": Row(
            _("Clients reach the service by https"),
            _("Put a proxy with TLS before it (deploy/nginx), and certify the https address that clients call."),
        ),
        "running.database": Row(
            _("The database can be written"),
            _(
                "See docs/ledger.md: the address in OSTEOCDS_DATABASE_URL, its rights and its disk; run `osteocds migrate`."
            ),
        ),
        "running.replay-store": Row(
            _("It can be remembered which tokens were taken"),
            _("See that Redis at OSTEOCDS_REDIS_URL runs and can be reached from every replica."),
        ),
        "running.discovery": Row(
            _("Discovery lists services as CDS Hooks has it"),
            _("See what stands between: a proxy that asks for a login, or another service, answers GET /cds-services."),
        ),
        "running.replicas": Row(
            _("All replicas publish the same, and sign by the same keys"),
            _(
                "Have all replicas run one version under one set of settings and keys: see whether an update was not ended, or "
                "an old one still gets requests."
            ),
        ),
        "running.version": Row(
            _("The running service is of the version that certifies it"),
            _("Run `osteocds certify` of the version that is installed, in its own container or environment."),
        ),
        "running.settings": Row(
            _("The running service publishes what these settings publish"),
            _(
                "Run `osteocds certify` under the settings of the installation (the same OSTEOCDS_ variables and files), or set "
                "what is named; of codes and services it is OSTEOCDS_CONCEPT_MAPS or OSTEOCDS_SPLIT_SERVICES."
            ),
        ),
        "running.language": Row(
            _("The language is the site's by default, and the one that is asked for"),
            _(
                "Set OSTEOCDS_LANGUAGE; have the proxy pass Accept-Language on, and keep no answers without a look at Vary."
            ),
        ),
        "running.clock": Row(
            _("The clock of the service agrees with this machine's"),
            _("Have both machines take their time from the site's NTP servers: tokens and dates depend on it."),
        ),
        "running.public-url": Row(
            _("Links of cards lead to the service"),
            _("Set OSTEOCDS_PUBLIC_URL to the https address at which browsers of clinicians reach the service."),
        ),
        "running.body-size": Row(
            _("A long record passes the proxy"),
            _(
                "Raise the longest body that the proxy lets pass (nginx: client_max_body_size) to OSTEOCDS_MAX_REQUEST_BYTES."
            ),
        ),
        "running.try-page": Row(
            _("The page to try is not there"),
            _("Set OSTEOCDS_TRY=0: it shows the record to anybody."),
        ),
        "running.receipts": Row(
            _("Receipts are signed by the site's key"),
            _("Give every replica the key of OSTEOCDS_RECEIPT_KEY (docs/receipts.md)."),
        ),
        "running.ledger": Row(
            _("An answer is in the ledger, and every replica finds it there"),
            _(
                "Give all replicas one PostgreSQL (OSTEOCDS_DATABASE_URL): a file of SQLite is of one machine. The metrics "
                "osteocds_ledger_… tell what became of an answer that is not there."
            ),
        ),
        # --- tokens
        "token.none": Row(
            _("A request without a token is refused"),
            _("Set OSTEOCDS_ALLOW_UNAUTHENTICATED=0, and register clients (docs/clients.md)."),
        ),
        "token.sound": Row(
            _("A sound token of a registered client is taken"),
            _(
                "Put the client of clients.toml, in the folder of the keys, into the registry of OSTEOCDS_CLIENTS, and restart; "
                "see that OSTEOCDS_PUBLIC_URL is the audience, and that the proxy passes Authorization on. The log tells why."
            ),
        ),
        "token.twice": Row(
            _("A token is taken once, by all replicas together"),
            _(
                "Give all replicas one store: OSTEOCDS_REDIS_URL, or one PostgreSQL in OSTEOCDS_DATABASE_URL; have the balancer "
                "put its own OsteoCDS-Request-Id in the place of a client's (docs/clients.md)."
            ),
        ),
        "token.forged": Row(
            _("Every forged or wrong token is refused"),
            _(
                "Stop: whoever can forge a token can ask. See what checks tokens before the service, and report it to us."
            ),
        ),
        # --- FHIR servers
        "fhir.listed": Row(
            _("FHIR servers are listed"),
            _("List the bases that the EHR names in its requests: OSTEOCDS_FHIR_BASES, or `fhir_bases` of a client."),
        ),
        "fhir.reachable": Row(
            _("The FHIR server answers"),
            _("See its address, the network (NetworkPolicy, firewall), its certificate (OSTEOCDS_CA_BUNDLE)."),
        ),
        "fhir.version": Row(
            _("It speaks FHIR R4"),
            _("List the R4 endpoint of the EHR: other versions often lie beside it."),
        ),
        "fhir.transport": Row(
            _("It is reached by https"),
            _("List its https address: tokens and records cross the network in the clear."),
        ),
        "fhir.clock": Row(
            _("Its clock agrees with this machine's"),
            _("Have both machines take their time from the site's NTP servers."),
        ),
        "fhir.token": Row(
            _("It refuses who has no token"),
            _("Have the FHIR server ask for tokens: anybody on the network can read the records."),
        ),
        "fhir.token-taken": Row(
            _("It takes the token that is named"),
            _("Fetch a token of this FHIR server anew (it may be over), and name its file: --fhir-token."),
        ),
        "fhir.patients": Row(
            _("Patients of a sample can be found"),
            _("Name the logical ids of some patients, one a line, in a file: --patients."),
        ),
        "fhir.read": Row(
            _("Resources of each type that is asked for can be read"),
            _(
                "Have the token's scopes cover the type (patient/*.rs); where the server does not have it, name it in "
                "OSTEOCDS_MISSING_RESOURCE_TYPES or the client's `missing_resource_types`."
            ),
        ),
        "fhir.own-patient": Row(
            _("Searches about a patient find that patient's resources alone"),
            _("The server ignores `patient`: have its vendor mend it; what it finds of others is never used."),
        ),
        "fhir.patient-reference": Row(
            _("Searches find a patient by a typed reference (patient=Patient/id)"),
            _("Have the server take typed references, as prefetch templates send them: else it finds nothing."),
        ),
        "fhir.code": Row(
            _("Searches by code find what they ask for, by combo-code or by code"),
            _(
                "Have the server index `combo-code` or `code` of Observations; else results cost time, and may be cut off."
            ),
        ),
        "fhir.count": Row(
            _("Pages are as long as `_count` says"),
            _("Have the server take `_count`: records come in more, or in longer, pages than planned."),
        ),
        "fhir.sort": Row(
            _("Results come in the order of `_sort`"),
            _("Have the server take `_sort=-date`: where a record is cut off, the newest results may be."),
        ),
        "fhir.paging": Row(
            _("Links to the next page lead below the listed base"),
            _(
                "Give the server its outer address (its proxy's), so that its links name it: other links are not followed."
            ),
        ),
        "fhir.time": Row(
            _("All searches of an order are answered in time"),
            _(
                "Have the EHR send the prefetch, or ask why the server is slow; OSTEOCDS_DEADLINE_SECONDS is the time they have."
            ),
        ),
        "fhir.by-service": Row(
            _("The running service reads the record there itself"),
            _("List the base in OSTEOCDS_FHIR_BASES or for the client, and let the service's machine through to it."),
        ),
        # --- codes of the site
        "codes.understood": Row(
            _("The codes of the site's own records are understood"),
            _(
                "Map them in a ConceptMap (OSTEOCDS_CONCEPT_MAPS), the most frequent first; `osteocds coverage` tells more."
            ),
        ),
        "codes.units": Row(
            _("The units of the site's own results and doses are understood"),
            _("Have results come in UCUM units; report a unit that is usual and not read."),
        ),
        # --- orders, with --write
        "orders.created": Row(
            _("Synthetic patients can be written, under a tag"),
            _(
                "Give the token of --fhir-token rights to create and delete, on a test system; never those of the service."
            ),
        ),
        "orders.cards": Row(
            _("One synthetic order a chapter gets the cards that it must get"),
            _(
                "Look first at what else did not pass; then ask the same with `osteocds check --explain`, and report it."
            ),
        ),
        "orders.deleted": Row(
            _("All that was written is deleted"),
            _(
                "Delete what the server finds under the tag that the report names: Patient?_tag=..., and what refers to them."
            ),
        ),
    }
)
"""Every check by its id, in the order of the report."""
