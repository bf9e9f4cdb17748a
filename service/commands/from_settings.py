"""What commands are given by the settings: the moment, the code lists, the world, the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from mappings.vocabulary.concepts import Terminology
from mappings.wording import _
from service.gathering.site_codes import site_terminology
from service.guidelines import GUIDELINES
from service.languages.terminal import failure
from service.rules.guideline import terminology_of
from service.settings import Settings
from service.world import World

if TYPE_CHECKING:
    from service.ledger.database import Database


def moment_of(as_of: str | None, settings: Settings, option: str = "--as-of") -> datetime:
    """The moment that is named, or now, in the site's zone. Raises `ClickException` for one that is none."""
    if as_of is None:
        return datetime.now(settings.timezone)  # noqa: TID251 - the command line is an edge, as the application is
    try:
        moment = datetime.fromisoformat(as_of)
    except ValueError as error:
        raise failure(
            _("{option} takes a moment such as {example}", option=option, example="2026-11-22T09:30+01:00")
        ) from error
    return moment.replace(tzinfo=settings.timezone) if moment.tzinfo is None else moment.astimezone(settings.timezone)


def own_terminology(settings: Settings) -> Terminology:
    """The code lists with the site's own. Raises `ClickException`."""
    try:
        return site_terminology(terminology_of(GUIDELINES), settings.concept_maps)
    except ValueError as error:
        raise failure(error) from error


def world_of(settings: Settings) -> World:
    """What a request needs from outside. Raises `ClickException`."""
    try:
        return World.from_settings(settings)
    except ValueError as error:
        raise failure(error) from error


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database of the ledger, for one command. Raises `ClickException` where it cannot be used."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.ledger.database import WHY, Database, why_unusable

    try:
        database = Database(settings.database_url)
    except ValueError as error:
        raise failure(error) from error
    try:
        yield database
    except SQLAlchemyError as error:
        # Not the error itself: it names the address, and may hold rows.
        raise failure(_("the database cannot be used: {why}", why=WHY[why_unusable(error)].text)) from None
    finally:
        database.dispose()
