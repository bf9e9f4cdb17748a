"""The stories of the patients told to two replicas behind nginx, one of which is killed on the way: the cards are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hospital import Hospital, hospital
from patients import CASES, NAMES, PUBLIC_URL, cards_of_the_story
from support.databases import fresh_database, postgresql
from support.redis_server import redis_server
from support.replicas import SERVE_AT_THE_CLOCK_OF_TESTS, Replica, in_front_of, reachable_by_others, replicas

KILLED_AT = len(CASES) // 3
BACK_AT = 2 * len(CASES) // 3


@dataclass
class Ward:
    """The hospital whose service is behind nginx, and the replica that is killed; `told` counts the stories."""

    hospital: Hospital
    lost: Replica
    told: int = 0


@pytest.fixture(scope="module")
def ward(sekmet_base, tmp_path_factory) -> Iterator[Ward]:
    folder = reachable_by_others(tmp_path_factory.mktemp("replicas"))
    with (
        hospital(sekmet_base) as here,
        postgresql() as server,
        redis_server() as redis,
        fresh_database(server.port) as url,
    ):
        settings = {
            "OSTEOCDS_DATABASE_URL": url,
            "OSTEOCDS_REDIS_URL": redis.url,
            "OSTEOCDS_FHIR_BASES": sekmet_base,
            "OSTEOCDS_PUBLIC_URL": PUBLIC_URL,
            "OSTEOCDS_DEADLINE_SECONDS": "60",
            "OSTEOCDS_ALLOW_UNAUTHENTICATED": "1",
            "OSTEOCDS_WORKERS": "1",
        }
        homes = [folder / "a", folder / "b"]
        with (
            replicas(homes, settings, SERVE_AT_THE_CLOCK_OF_TESTS) as both,
            in_front_of([one.base for one in both], folder) as front,
        ):
            yield Ward(Hospital(sekmet_base, front.base, here.templates, front), both[0])


@pytest.mark.parametrize(("patient", "hook"), CASES, ids=NAMES)
def test_the_cards_are_those_of_the_story_whichever_replica_answers_and_when_one_is_killed(ward, patient, hook):
    if ward.told == KILLED_AT:
        ward.lost.kill()
    if ward.told == BACK_AT:
        ward.lost.start()
    ward.told += 1
    with ward.hospital.admits(patient) as stay:
        keys = ward.hospital.templates[hook]
        for prefetched in ((), list(keys)[::2]):
            assert stay.cards(stay.request(hook, *prefetched)) == cards_of_the_story(patient, hook)
