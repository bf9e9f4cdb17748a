"""Every setting in one table: name, default, help. The command line, the documentation and the tests read it from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mappings.evidence import MOST_OF_A_TYPE
from mappings.facts import FactSettings
from mappings.facts.fact_settings import takes
from mappings.wording import Said, _
from service.guidelines import GUIDELINES
from service.languages.render import LANGUAGES, Language
from service.rules.guideline import Guideline
from service.setting_kinds import (
    DAYS,
    FILE,
    FLAG,
    HOST,
    KEPT,
    LANGUAGE,
    LIST,
    LOG_LEVEL,
    NAMES,
    ORIGINS,
    PATHS,
    PORT,
    POSITIVE,
    SECONDS,
    SELECTION,
    TEXT,
    UNCHECKED,
    WEB_ADDRESS,
    ZONE,
    Kind,
)


class InvalidSetting(ValueError):
    """A setting that cannot be used; the message names it and says what it takes."""


def clinical_settings(guidelines: Sequence[Guideline], path: str) -> dict[str, FactSettings]:
    """The clinical settings of each guideline: its defaults, with what the file changes.

    The file names those of the first guideline at its top level, and those of another in a table of its id. An unknown name or
    a value that it does not take is refused.
    """
    told: dict[str, Any] = {}
    if path:
        import tomllib  # noqa: PLC0415 - most sites change no setting

        with Path(path).open("rb") as file:
            try:
                told = tomllib.load(file, parse_float=Decimal)
            except ValueError as error:  # what is no TOML, and what is no UTF-8
                raise InvalidSetting(Said(_("{path} is no TOML: {why}", path=path, why=str(error)))) from None
    first, *others = guidelines
    tables = {one.id: told.pop(one.id, {}) for one in others}
    return {one.id: changed_settings(one.settings, tables.get(one.id, told), path) for one in (first, *others)}


def changed_settings(settings: FactSettings, told: Mapping[str, Any], path: str) -> FactSettings:
    """Settings with some figures changed, as `path` tells them. Raises `InvalidSetting`."""
    known = [one.name for one in fields(settings)]
    decimal = {one.name for one in fields(settings) if isinstance(one.default, Decimal)}
    for name, value in told.items():
        if name not in known:
            near = nearest(name, known)
            wrong = _("{path}: {name} is no clinical setting; is it {near}?", path=path, name=name, near=near)
            raise InvalidSetting(Said(wrong))
        if not takes(settings, name, value):
            wrong = _("{path}: {name} takes a whole number", path=path, name=name)
            if name in decimal:
                wrong = _("{path}: {name} takes a number within its limits", path=path, name=name)
            raise InvalidSetting(Said(wrong))
    read: dict[str, Any] = {name: Decimal(value) if name in decimal else value for name, value in told.items()}
    return replace(settings, **read)


CLINICAL = Kind(partial(clinical_settings, GUIDELINES), _("a TOML file of clinical settings"))


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: the environment variable, its default as it would be written there, what it is, what it takes."""

    name: str
    default: str
    help: str
    kind: Kind


_ROW = "setting"
"""The key of a field's metadata that holds its row."""


def row(name: str, default: str, about: str, kind: Kind) -> Any:
    """A field of `Settings`, and its row of the table."""
    return field(metadata={_ROW: Setting(name, default, about, kind)})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, read once at its start: what each is called, and its row of the table."""

    host: str = row("OSTEOCDS_HOST", "127.0.0.1", "address that `osteocds serve` listens on", HOST)
    port: int = row("OSTEOCDS_PORT", "8080", "port that `osteocds serve` listens on", PORT)
    demo_fhir_port: int = row(
        "OSTEOCDS_DEMO_FHIR_PORT",
        "8090",
        "port that the FHIR server of `make run` (`osteocds demo --keep`) listens on",
        PORT,
    )
    workers: int = row(
        "OSTEOCDS_WORKERS",
        "2",
        "processes of `osteocds serve` that compute answers, beside the one that listens",
        POSITIVE,
    )
    threads: int = row(
        "OSTEOCDS_THREADS",
        "64",
        "threads of each of them: one computes at a time, the others wait, most of them for FHIR servers",
        POSITIVE,
    )
    waiting: int = row(
        "OSTEOCDS_WAITING",
        "32",
        "requests that may wait for a thread, so many for each process that computes; beyond it 503 with Retry-After",
        POSITIVE,
    )
    fhir_bases: tuple[str, ...] = row(
        "OSTEOCDS_FHIR_BASES",
        "",
        "comma-separated FHIR bases that may be called (scheme, host, port and path prefix); http and private addresses "
        "only when listed here literally; none by default",
        LIST,
    )
    clients: Path | None = row(
        "OSTEOCDS_CLIENTS",
        "",
        "path of the client registry (TOML): who may call, with which keys and choices of its own",
        FILE,
    )
    allow_unauthenticated: bool = row(
        "OSTEOCDS_ALLOW_UNAUTHENTICATED",
        "0",
        "1: requests without a token are served, to try it out; 0: only those of clients, each other is answered with 401",
        FLAG,
    )
    open_pages: bool = row(
        "OSTEOCDS_OPEN_PAGES",
        "1",
        "1: discovery, catalogue, questionnaires, metrics and the description need no token; 0: they need one as hooks do",
        FLAG,
    )
    try_page: bool = row(
        "OSTEOCDS_TRY",
        "0",
        "1: the page `/try`, for invented patients: it reads whoever the first of OSTEOCDS_FHIR_BASES holds, for anybody; needs "
        "OSTEOCDS_ALLOW_UNAUTHENTICATED=1",
        FLAG,
    )
    database_url: str = row(
        "OSTEOCDS_DATABASE_URL",
        "sqlite:///osteocds.sqlite3",
        "where the ledger, feedback, and the tokens that were taken are stored (an SQLAlchemy URL: SQLite, or PostgreSQL)",
        TEXT,
    )
    redis_url: str = row(
        "OSTEOCDS_REDIS_URL",
        "",
        "Redis or Valkey (`redis://host:6379/0`, `rediss://`, `unix://`) where all machines remember tokens that were taken, and "
        "count requests a minute; without it the database does the first, and each process the second",
        TEXT,
    )
    unchecked_tokens: str = row(
        "OSTEOCDS_UNCHECKED_TOKENS",
        "refuse",
        "what becomes of a token while nobody can tell whether it was taken before: refuse (503), or allow",
        UNCHECKED,
    )
    ledger_keeps: frozenset[str] = row(
        "OSTEOCDS_LEDGER_KEEPS",
        "",
        "comma-separated, what else the ledger keeps: texts (comments and typed reasons of feedback), facts, requests",
        KEPT,
    )
    patient_key: Path | None = row(
        "OSTEOCDS_PATIENT_KEY",
        "",
        "path of a file with the secret key of the patients' pseudonyms; without it there are none",
        FILE,
    )
    receipt_key: Path | None = row(
        "OSTEOCDS_RECEIPT_KEY",
        "",
        "path of a PEM file with the private key (P-384) that signs receipts; without it they are not signed",
        FILE,
    )
    operator_key: Path | None = row(
        "OSTEOCDS_OPERATOR_KEY",
        "",
        "path of a file with the password of those who watch all clients (`/watch`); without it each client sees its own",
        FILE,
    )
    retention: timedelta | None = row(
        "OSTEOCDS_RETENTION_DAYS",
        "",
        "days after which rows of the ledger and feedback are deleted; never by default",
        DAYS,
    )
    language: Language = row(
        "OSTEOCDS_LANGUAGE",
        "en",
        f"language of cards, {LANGUAGES}, where `Accept-Language` names none of them",
        LANGUAGE,
    )
    timezone: ZoneInfo = row("OSTEOCDS_TIMEZONE", "Europe/Paris", "zone that decides what a calendar day is", ZONE)
    deadline_seconds: float = row(
        "OSTEOCDS_DEADLINE_SECONDS", "3", "time that all FHIR searches of one request may take together", SECONDS
    )
    split_services: bool = row(
        "OSTEOCDS_SPLIT_SERVICES",
        "0",
        "1: services are published by topic (`<topic>-<hook>`), not as one per hook",
        FLAG,
    )
    selection_behavior: str = row(
        "OSTEOCDS_SELECTION_BEHAVIOR", "any", "`selectionBehavior` of cards: any or at-most-one", SELECTION
    )
    max_cards: int = row(
        "OSTEOCDS_MAX_CARDS",
        "6",
        "most cards of one answer; critical ones are never dropped, what is dropped is said",
        POSITIVE,
    )
    explain: bool = row(
        "OSTEOCDS_EXPLAIN", "0", "1: answers carry one line a rule in `extension`: why it spoke or stayed silent", FLAG
    )
    public_url: str = row(
        "OSTEOCDS_PUBLIC_URL",
        "",
        "where browsers reach the service's pages, for links on cards; without it cards have none",
        WEB_ADDRESS,
    )
    single_action: bool = row(
        "OSTEOCDS_SINGLE_ACTION", "0", "1: one action a suggestion, for EHRs that take only one", FLAG
    )
    missing_resource_types: frozenset[str] = row(
        "OSTEOCDS_MISSING_RESOURCE_TYPES",
        "",
        "comma-separated FHIR resource types that the site's servers do not have; a 404 for any other is not «none»",
        NAMES,
    )
    ca_bundle: Path | None = row(
        "OSTEOCDS_CA_BUNDLE",
        "",
        "path of the certificates (PEM) of the site's own authority, for its FHIR servers",
        FILE,
    )
    concept_maps: tuple[Path, ...] = row(
        "OSTEOCDS_CONCEPT_MAPS", "", "comma-separated paths of FHIR ConceptMap files with the site's local codes", PATHS
    )
    clinical: Mapping[str, FactSettings] = row(
        "OSTEOCDS_CLINICAL_SETTINGS", "", "path of a TOML file that changes clinical settings by name", CLINICAL
    )
    cors_origins: tuple[str, ...] = row(
        "OSTEOCDS_CORS_ORIGINS",
        "",
        "comma-separated origins that browsers may call from, beside those of the clients; * for any; none by default",
        ORIGINS,
    )
    max_resources: int = row(
        "OSTEOCDS_MAX_RESOURCES",
        str(MOST_OF_A_TYPE),
        "most resources of one FHIR type that are read for one request; more of them are told as not looked at",
        POSITIVE,
    )
    pinned: bool = row(
        "OSTEOCDS_PINNED",
        "1",
        "1: each worker keeps to one processor at a time, the one that the system chooses; 0: its threads run on all of them",
        FLAG,
    )
    max_request_bytes: int = row(
        "OSTEOCDS_MAX_REQUEST_BYTES", "10000000", "largest request body that is read", POSITIVE
    )
    log_json: bool = row(
        "OSTEOCDS_LOG_JSON",
        "0",
        "1: the log of `osteocds serve` is JSON, one object a line; 0: it is text to read",
        FLAG,
    )
    log_level: str = row(
        "OSTEOCDS_LOG_LEVEL", "info", "what is logged: debug, info, warning or error, and what is worse", LOG_LEVEL
    )
    access_log: bool = row(
        "OSTEOCDS_ACCESS_LOG",
        "0",
        "1: one line a request in the log: client, service, outcome, rules shown, FHIR calls, times; nothing of the patient",
        FLAG,
    )
    traces: bool = row(
        "OSTEOCDS_TRACES",
        "0",
        "1: one OpenTelemetry trace an answered hook (`pip install osteocds[otel]`), sent where the `OTEL_EXPORTER_OTLP_…` "
        "variables say; nothing of the patient",
        FLAG,
    )


_ROWS: Mapping[str, Setting] = {one.name: one.metadata[_ROW] for one in fields(Settings)}

SETTINGS = tuple(_ROWS.values())
"""The table."""


def read_settings(environ: Mapping[str, str], guidelines: Sequence[Guideline] = GUIDELINES) -> Settings:
    """The settings that an environment gives, with the clinical ones of these guidelines.

    Raises `InvalidSetting`, naming the variable.
    """
    _refuse_unknown(environ)
    of_guidelines = replace(CLINICAL, read=partial(clinical_settings, guidelines))
    kinds = {name: of_guidelines if row.kind is CLINICAL else row.kind for name, row in _ROWS.items()}
    settings = Settings(**{name: _read(row, kinds[name], environ) for name, row in _ROWS.items()})
    if settings.try_page and not settings.allow_unauthenticated:
        # The page asks hooks without a token, for whoever opens it: a site that lets clients alone in cannot have it.
        told = _("{name} needs {other}: the page asks without a token", name="OSTEOCDS_TRY=1", other=OPEN_TO_ANYBODY)
        raise InvalidSetting(Said(told))
    return settings


OPEN_TO_ANYBODY = "OSTEOCDS_ALLOW_UNAUTHENTICATED=1"


def _read(setting: Setting, kind: Kind, environ: Mapping[str, str]) -> Any:
    text = environ.get(setting.name, setting.default).strip()
    try:
        return kind.read(text)
    except InvalidSetting:
        raise
    except (ValueError, KeyError, ZoneInfoNotFoundError, OSError) as error:
        told = _("{name} takes {takes}, not {told}", name=setting.name, takes=kind.takes, told=repr(text))
        raise InvalidSetting(Said(told)) from error


PREFIX = "OSTEOCDS_"


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    """A misspelt variable would leave its setting at the default in silence."""
    names = [setting.name for setting in SETTINGS]
    for name in environ.keys() - names:
        told = name[:LONGEST_NAME].upper()
        if told.startswith(PREFIX) or (told.startswith(PREFIX[:2]) and _nearest(told, names, NEARLY)):
            near = nearest(told, names)
            raise InvalidSetting(Said(_("{name} is no setting; is it {near}?", name=name[:LONGEST_NAME], near=near)))


NEARLY = 0.85
"""How alike a variable of another prefix is to a setting that it misspells (`OSTECDS_PORT`)."""

LONGEST_NAME = 100
"""Signs of an unknown name that are compared and told."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Of these names the one that is most like a misspelt one."""
    return _nearest(name[:LONGEST_NAME], names, 0)[0]


def _nearest(name: str, names: Iterable[str], least: float) -> list[str]:
    import difflib  # noqa: PLC0415 - for a name that is wrong

    return difflib.get_close_matches(name, names, n=1, cutoff=least)
