"""Every setting in one table: name, default, help. The command line, the documentation and the tests read it from here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cds_hooks import Link
from mappings.evidence import MOST_OF_A_TYPE
from mappings.facts import FactSettings
from mappings.facts.fact_settings import takes
from mappings.wording import Said, Text, _
from service.guidelines import GUIDELINES
from service.languages.render import LANGUAGES, Language
from service.rules.guideline import Guideline


class InvalidSetting(ValueError):
    """A setting that cannot be used; the message names it and says what it takes."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: the environment variable, its default as it would be written there, and what it is."""

    name: str
    default: str
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("OSTEOCDS_HOST", "127.0.0.1", "address that `osteocds serve` listens on"),
    Setting("OSTEOCDS_PORT", "8080", "port that `osteocds serve` listens on"),
    Setting(
        "OSTEOCDS_DEMO_FHIR_PORT", "8090", "port that the FHIR server of `make run` (`osteocds demo --keep`) listens on"
    ),
    Setting("OSTEOCDS_WORKERS", "2", "processes of `osteocds serve` that compute answers, beside the one that listens"),
    Setting(
        "OSTEOCDS_THREADS",
        "64",
        "threads of each of them: one computes at a time, the others wait, most of them for FHIR servers",
    ),
    Setting(
        "OSTEOCDS_WAITING",
        "32",
        "requests that may wait for a thread, so many for each process that computes; beyond it 503 with Retry-After",
    ),
    Setting(
        "OSTEOCDS_FHIR_BASES",
        "",
        "comma-separated FHIR bases that may be called (scheme, host, port and path prefix); http and private addresses "
        "only when listed here literally; none by default",
    ),
    Setting(
        "OSTEOCDS_CLIENTS",
        "",
        "path of the client registry (TOML): who may call, with which keys and choices of its own",
    ),
    Setting(
        "OSTEOCDS_ALLOW_UNAUTHENTICATED",
        "0",
        "1: requests without a token are served, to try it out; 0: only those of clients, each other is answered with 401",
    ),
    Setting(
        "OSTEOCDS_OPEN_PAGES",
        "1",
        "1: discovery, catalogue, questionnaires, metrics and the description need no token; 0: they need one as hooks do",
    ),
    Setting(
        "OSTEOCDS_TRY",
        "0",
        "1: the page `/try`, for invented patients: it reads whoever the first of OSTEOCDS_FHIR_BASES holds, for anybody; needs "
        "OSTEOCDS_ALLOW_UNAUTHENTICATED=1",
    ),
    Setting(
        "OSTEOCDS_DATABASE_URL",
        "sqlite:///osteocds.sqlite3",
        "where the ledger, feedback, and the tokens that were taken are stored (an SQLAlchemy URL: SQLite, or PostgreSQL)",
    ),
    Setting(
        "OSTEOCDS_REDIS_URL",
        "",
        "Redis or Valkey (`redis://host:6379/0`, `rediss://`, `unix://`) where all machines remember tokens that were taken, and "
        "count requests a minute; without it the database does the first, and each process the second",
    ),
    Setting(
        "OSTEOCDS_UNCHECKED_TOKENS",
        "refuse",
        "what becomes of a token while nobody can tell whether it was taken before: refuse (503), or allow",
    ),
    Setting(
        "OSTEOCDS_LEDGER_KEEPS",
        "",
        "comma-separated, what else the ledger keeps: texts (comments and typed reasons of feedback), facts, requests",
    ),
    Setting(
        "OSTEOCDS_PATIENT_KEY",
        "",
        "path of a file with the secret key of the patients' pseudonyms; without it there are none",
    ),
    Setting(
        "OSTEOCDS_RECEIPT_KEY",
        "",
        "path of a PEM file with the private key (P-384) that signs receipts; without it they are not signed",
    ),
    Setting(
        "OSTEOCDS_OPERATOR_KEY",
        "",
        "path of a file with the password of those who watch all clients (`/watch`); without it each client sees its own",
    ),
    Setting(
        "OSTEOCDS_RETENTION_DAYS", "", "days after which rows of the ledger and feedback are deleted; never by default"
    ),
    Setting("OSTEOCDS_LANGUAGE", "en", f"language of cards, {LANGUAGES}, where `Accept-Language` names none of them"),
    Setting("OSTEOCDS_TIMEZONE", "Europe/Paris", "zone that decides what a calendar day is"),
    Setting("OSTEOCDS_DEADLINE_SECONDS", "3", "time that all FHIR searches of one request may take together"),
    Setting(
        "OSTEOCDS_SPLIT_SERVICES", "0", "1: services are published by topic (`<topic>-<hook>`), not as one per hook"
    ),
    Setting("OSTEOCDS_SELECTION_BEHAVIOR", "any", "`selectionBehavior` of cards: any or at-most-one"),
    Setting(
        "OSTEOCDS_MAX_CARDS", "6", "most cards of one answer; critical ones are never dropped, what is dropped is said"
    ),
    Setting("OSTEOCDS_EXPLAIN", "0", "1: answers carry one line a rule in `extension`: why it spoke or stayed silent"),
    Setting(
        "OSTEOCDS_PUBLIC_URL",
        "",
        "where browsers reach the service's pages, for links on cards; without it cards have none",
    ),
    Setting("OSTEOCDS_SINGLE_ACTION", "0", "1: one action a suggestion, for EHRs that take only one"),
    Setting(
        "OSTEOCDS_MISSING_RESOURCE_TYPES",
        "",
        "comma-separated FHIR resource types that the site's servers do not have; a 404 for any other is not «none»",
    ),
    Setting(
        "OSTEOCDS_CA_BUNDLE", "", "path of the certificates (PEM) of the site's own authority, for its FHIR servers"
    ),
    Setting("OSTEOCDS_CONCEPT_MAPS", "", "comma-separated paths of FHIR ConceptMap files with the site's local codes"),
    Setting("OSTEOCDS_CLINICAL_SETTINGS", "", "path of a TOML file that changes clinical settings by name"),
    Setting(
        "OSTEOCDS_CORS_ORIGINS",
        "",
        "comma-separated origins that browsers may call from, beside those of the clients; * for any; none by default",
    ),
    Setting(
        "OSTEOCDS_MAX_RESOURCES",
        str(MOST_OF_A_TYPE),
        "most resources of one FHIR type that are read for one request; more of them are told as not looked at",
    ),
    Setting(
        "OSTEOCDS_PINNED",
        "1",
        "1: each worker keeps to one processor at a time, the one that the system chooses; 0: its threads run on all of them",
    ),
    Setting("OSTEOCDS_MAX_REQUEST_BYTES", "10000000", "largest request body that is read"),
    Setting(
        "OSTEOCDS_LOG_JSON", "0", "1: the log of `osteocds serve` is JSON, one object a line; 0: it is text to read"
    ),
    Setting("OSTEOCDS_LOG_LEVEL", "info", "what is logged: debug, info, warning or error, and what is worse"),
    Setting(
        "OSTEOCDS_ACCESS_LOG",
        "0",
        "1: one line a request in the log: client, service, outcome, rules shown, FHIR calls, times; nothing of the patient",
    ),
    Setting(
        "OSTEOCDS_TRACES",
        "0",
        "1: one OpenTelemetry trace an answered hook (`pip install osteocds[otel]`), sent where the `OTEL_EXPORTER_OTLP_…` "
        "variables say; nothing of the patient",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, read once at its start."""

    host: str
    port: int
    demo_fhir_port: int
    workers: int
    threads: int
    waiting: int
    pinned: bool
    fhir_bases: tuple[str, ...]
    clients: Path | None
    allow_unauthenticated: bool
    open_pages: bool
    try_page: bool
    database_url: str
    redis_url: str
    unchecked_tokens: str
    ledger_keeps: frozenset[str]
    patient_key: Path | None
    receipt_key: Path | None
    operator_key: Path | None
    retention: timedelta | None
    language: Language
    timezone: ZoneInfo
    deadline_seconds: float
    split_services: bool
    selection_behavior: str
    single_action: bool
    max_cards: int
    explain: bool
    public_url: str
    missing_resource_types: frozenset[str]
    ca_bundle: Path | None
    concept_maps: tuple[Path, ...]
    clinical: Mapping[str, FactSettings]
    cors_origins: tuple[str, ...]
    max_resources: int
    max_request_bytes: int
    log_json: bool
    log_level: str
    access_log: bool
    traces: bool


def read_settings(environ: Mapping[str, str], guidelines: Sequence[Guideline] = GUIDELINES) -> Settings:
    """The settings that an environment gives, with the clinical ones of these guidelines.

    Raises `InvalidSetting`, naming the variable.
    """
    _refuse_unknown(environ)
    raw = {setting.name: environ.get(setting.name, setting.default).strip() for setting in SETTINGS}

    def read(name: str, convert: Callable[[str], Any], takes: Text) -> Any:
        try:
            return convert(raw[name])
        except InvalidSetting:
            raise
        except (ValueError, KeyError, ZoneInfoNotFoundError, OSError) as error:
            told = _("{name} takes {takes}, not {told}", name=name, takes=takes, told=repr(raw[name]))
            raise InvalidSetting(Said(told)) from error

    return Settings(
        host=read("OSTEOCDS_HOST", _host, _("an address to listen on")),
        port=read("OSTEOCDS_PORT", _port, _("a port number")),
        demo_fhir_port=read("OSTEOCDS_DEMO_FHIR_PORT", _port, _("a port number")),
        workers=read("OSTEOCDS_WORKERS", _positive, _("a positive whole number")),
        threads=read("OSTEOCDS_THREADS", _positive, _("a positive whole number")),
        waiting=read("OSTEOCDS_WAITING", _positive, _("a positive whole number")),
        pinned=read("OSTEOCDS_PINNED", _flag, _("0 or 1")),
        fhir_bases=_listed(raw["OSTEOCDS_FHIR_BASES"]),
        clients=read("OSTEOCDS_CLIENTS", _file, _("the path of a file")),
        allow_unauthenticated=read("OSTEOCDS_ALLOW_UNAUTHENTICATED", _flag, _("0 or 1")),
        open_pages=read("OSTEOCDS_OPEN_PAGES", _flag, _("0 or 1")),
        try_page=read("OSTEOCDS_TRY", partial(_try_page, raw["OSTEOCDS_ALLOW_UNAUTHENTICATED"]), _("0 or 1")),
        database_url=raw["OSTEOCDS_DATABASE_URL"],
        redis_url=raw["OSTEOCDS_REDIS_URL"],
        unchecked_tokens=read("OSTEOCDS_UNCHECKED_TOKENS", _unchecked_tokens, _("refuse or allow")),
        ledger_keeps=read("OSTEOCDS_LEDGER_KEEPS", _kept, _("texts, facts and requests")),
        patient_key=read("OSTEOCDS_PATIENT_KEY", _file, _("the path of a file")),
        receipt_key=read("OSTEOCDS_RECEIPT_KEY", _file, _("the path of a file")),
        operator_key=read("OSTEOCDS_OPERATOR_KEY", _file, _("the path of a file")),
        retention=read("OSTEOCDS_RETENTION_DAYS", _days, _("a positive whole number of days")),
        language=read("OSTEOCDS_LANGUAGE", Language, _("one of {values}", values=LANGUAGES)),
        timezone=read("OSTEOCDS_TIMEZONE", ZoneInfo, _("a zone of the tz database")),
        deadline_seconds=read("OSTEOCDS_DEADLINE_SECONDS", _seconds, _("a positive number of seconds")),
        split_services=read("OSTEOCDS_SPLIT_SERVICES", _flag, _("0 or 1")),
        selection_behavior=read("OSTEOCDS_SELECTION_BEHAVIOR", _selection_behavior, _("any or at-most-one")),
        single_action=read("OSTEOCDS_SINGLE_ACTION", _flag, _("0 or 1")),
        max_cards=read("OSTEOCDS_MAX_CARDS", _positive, _("a positive whole number")),
        explain=read("OSTEOCDS_EXPLAIN", _flag, _("0 or 1")),
        public_url=read("OSTEOCDS_PUBLIC_URL", _web_address, _("an address such as https://cds.example.org")),
        missing_resource_types=frozenset(_listed(raw["OSTEOCDS_MISSING_RESOURCE_TYPES"])),
        ca_bundle=read("OSTEOCDS_CA_BUNDLE", _file, _("the path of a file")),
        concept_maps=tuple(Path(path) for path in _listed(raw["OSTEOCDS_CONCEPT_MAPS"])),
        clinical=read(
            "OSTEOCDS_CLINICAL_SETTINGS", partial(clinical_settings, guidelines), _("a TOML file of clinical settings")
        ),
        cors_origins=read("OSTEOCDS_CORS_ORIGINS", _origins, _("* or origins such as https://ehr.example.org")),
        max_resources=read("OSTEOCDS_MAX_RESOURCES", _positive, _("a positive whole number")),
        max_request_bytes=read("OSTEOCDS_MAX_REQUEST_BYTES", _positive, _("a positive whole number")),
        log_json=read("OSTEOCDS_LOG_JSON", _flag, _("0 or 1")),
        log_level=read("OSTEOCDS_LOG_LEVEL", _log_level, _("debug, info, warning or error")),
        access_log=read("OSTEOCDS_ACCESS_LOG", _flag, _("0 or 1")),
        traces=read("OSTEOCDS_TRACES", _flag, _("0 or 1")),
    )


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


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _host(text: str) -> str:
    if not text:
        raise ValueError(text)  # it would be every address of the machine
    return text


def _origins(text: str) -> tuple[str, ...]:
    """Whole origins only: they are compared as they are written, and a pattern would match none."""
    origins = _listed(text)
    if any(origin != "*" and not re.fullmatch(r"https?://[\w.-]+(:\d+)?", origin) for origin in origins):
        raise ValueError(text)
    return origins


def _file(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise ValueError("no such file")
    return Path(text) if text else None


def _web_address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", text):
        raise ValueError("no http(s) address")
    if text:
        Link("pages", text)  # a host that no card can link to (`my_host`) would cost every card
    return text.rstrip("/")


def _flag(text: str) -> bool:
    return {"0": False, "": False, "false": False, "no": False, "1": True, "true": True, "yes": True}[text.lower()]


def _try_page(open_to_anybody: str, text: str) -> bool:
    """The page asks hooks without a token, for whoever opens it: a site that lets clients alone in cannot have it."""
    if _flag(text) and not _flag(open_to_anybody):
        told = _("{name} needs {other}: the page asks without a token", name="OSTEOCDS_TRY=1", other=OPEN_TO_ANYBODY)
        raise InvalidSetting(Said(told))
    return _flag(text)


OPEN_TO_ANYBODY = "OSTEOCDS_ALLOW_UNAUTHENTICATED=1"

KEEPS = frozenset({"texts", "facts", "requests"})
"""What the ledger keeps only where the site asks for it."""


def _kept(text: str) -> frozenset[str]:
    kept = frozenset(_listed(text))
    if not kept <= KEEPS:
        raise ValueError(text)
    return kept


def _days(text: str) -> timedelta | None:
    return timedelta(days=_positive(text)) if text else None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 3600:
        raise ValueError(text)
    return number


def _selection_behavior(text: str) -> str:
    return {"any": "any", "at-most-one": "at-most-one"}[text]


def _unchecked_tokens(text: str) -> str:
    return {"refuse": "refuse", "allow": "allow"}[text]


def _log_level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError(text)
    return text.upper()


LOG_LEVELS = ("debug", "info", "warning", "error")


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
