"""The tables of the ledger; `docs/ledger.md` says what each column holds. Changed only together with a migration."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

VERSION_TABLE = "osteocds_schema"
"""Where the database says which migrations it has seen; a name of its own, since a database may serve other programs too."""

REVISIONS = ("0001", "0002", "0003", "0004")
"""The migrations, in their order; the tables below are as the last one leaves them."""

LONGEST_NAME = 200
LONGEST_ID = 512
FINGERPRINT = String(64)
"""A SHA-256 in hexadecimal."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, with its zone in Python whichever database holds it."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as in SQLAlchemy
        """As it is stored."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """As it is read."""
        return value if value is None or value.tzinfo is not None else value.replace(tzinfo=UTC)


Key = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts up."""

LEDGER = MetaData()

ANSWERS = Table(
    "answers",
    LEDGER,
    Column("id", Key, primary_key=True),
    Column("hook_instance", String(LONGEST_ID), nullable=False, index=True),
    Column("client", String(LONGEST_NAME), nullable=False),
    Column("service", String(LONGEST_NAME), nullable=False),
    Column("hook", String(40), nullable=False),
    Column("guideline", String(LONGEST_NAME), nullable=False),
    Column("patient", FINGERPRINT),
    Column("language", String(8), nullable=False),
    Column("service_version", String(40), nullable=False),
    Column("rules_version", String(40), nullable=False),
    Column("request_fingerprint", FINGERPRINT, nullable=False),
    Column("rules_fingerprint", FINGERPRINT, nullable=False),
    Column("value_sets_fingerprint", FINGERPRINT, nullable=False),
    Column("settings_fingerprint", FINGERPRINT, nullable=False),
    Column("cards_fingerprint", FINGERPRINT, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("answered_at", Moment, nullable=False, index=True),
    Column("took_ms", Float, nullable=False),
    Column("as_of", String(40), nullable=False),
    Column("public_url", String(500), nullable=False),
    Column("not_about", Text, nullable=False),
    Column("fhir_calls", Integer),
    Column("facts_left_out", Integer),
    Column("shadow", Boolean, nullable=False, server_default=false()),
)
"""One row an answer to a hook."""

CARDS = Table(
    "cards",
    LEDGER,
    Column("uuid", String(36), primary_key=True),
    Column("answer", Key, ForeignKey("answers.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("topic", String(LONGEST_NAME), nullable=False),
    Column("indicator", String(10), nullable=False),
    Column("order_kind", String(LONGEST_NAME), nullable=False),
    Column("language", String(8), nullable=False),
    Column("rules_version", String(40), nullable=False),
    Column("fingerprint", FINGERPRINT, nullable=False),
)
"""One row a card."""

CARD_RULES = Table(
    "card_rules",
    LEDGER,
    Column("card", String(36), ForeignKey("cards.uuid", ondelete="CASCADE"), primary_key=True),
    Column("part", String(12), primary_key=True),
    Column("rule", String(LONGEST_NAME), primary_key=True, index=True),
    sqlite_with_rowid=False,
)
"""The rules of each card, by what the card does with them: it advises, could not check them, or shows one line of them."""

OUTCOMES = Table(
    "outcomes",
    LEDGER,
    Column("answer", Key, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rule", String(LONGEST_NAME), nullable=False),
    Column("order_index", Integer),
    Column("order_kind", String(40), nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("indicator", String(10)),
    Column("condition", Text),
    Column("missing", JSON(none_as_null=True)),
    Column("error", String(LONGEST_NAME)),
    sqlite_with_rowid=False,
)
"""One row a rule and order that it was asked about; the rules that no order triggered are named in `answers.not_about`."""

FACTS = Table(
    "facts",
    LEDGER,
    Column("answer", Key, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("rule", String(LONGEST_NAME), nullable=False),
    Column("fact", Text, nullable=False),
    Column("resource", Text),
    Column("value", Text),
    Column("unit", String(LONGEST_NAME)),
    Column("date", String(40)),
    sqlite_with_rowid=False,
)
"""The facts that the outcomes rest on; only where the site keeps them."""

REQUESTS = Table(
    "requests",
    LEDGER,
    Column("answer", Key, ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
"""The requests without their tokens; only where the site keeps them."""

FEEDBACK = Table(
    "feedback",
    LEDGER,
    Column("id", Integer, primary_key=True),
    Column("received_at", Moment, nullable=False),
    Column("service", String(LONGEST_NAME), nullable=False),
    Column("card", String(LONGEST_ID), nullable=False, index=True),
    Column("outcome", String(20), nullable=False),
    Column("outcome_timestamp", Moment, nullable=False),
    Column("accepted_suggestions", String, nullable=False),
    Column("reason_system", String(200), nullable=False),
    Column("reason_code", String(200), nullable=False),
    Column("commented", Boolean, nullable=False),
    Column("client", String(LONGEST_NAME), nullable=False, server_default=""),
    Column("duplicate", Boolean, nullable=False, server_default=false()),
    Column("spelling", String(LONGEST_NAME), nullable=False, server_default=""),
    Column("reason_display", Text),
    Column("comment", Text),
)
"""One row a card and feedback."""

FIRST_TIME = Index(
    "ix_feedback_first",
    FEEDBACK.c.card,
    FEEDBACK.c.outcome,
    FEEDBACK.c.outcome_timestamp,
    unique=True,
    sqlite_where=text("NOT duplicate"),
    postgresql_where=text("NOT duplicate"),
)
"""What is said of a card a second time, with the same time, is a duplicate; the database decides which came first."""

TAKEN_TOKENS = Table(
    "taken_tokens",
    LEDGER,
    Column("token", String(64), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
"""A hash of issuer and `jti`, and the moment (seconds since 1970) from which the token is refused for its age anyway."""


def harmless(words: str, longest: int | None = None) -> str:
    """What a client has sent, as every database can hold it: cut, without the sign 0 and without halves of signs."""
    return words[:longest].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
