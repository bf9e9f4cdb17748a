"""Two replicas behind nginx with PostgreSQL and Redis, as processes: each of the parts goes away and comes back under load."""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select
from support.databases import PostgreSqlServer, fresh_database, postgresql
from support.ehr import denosumab
from support.redis_server import RedisServer, redis_server
from support.replicas import Replica, in_front_of, reachable_by_others, replicas

from service.ledger.database import Database
from service.ledger.tables import ANSWERS

HOOK = "/cds-services/bone-metastases-order-sign"
KEY = ECKey.generate_key("P-384", {"kid": "ec", "use": "sig"})
EHRS = 4
SECONDS_TO_RECOVER = 60


@dataclass(frozen=True)
class Site:
    """A site as the compose file has it."""

    front: requests.Session
    replicas: list[Replica]
    postgresql: PostgreSqlServer
    redis: RedisServer
    database_url: str

    def fire(self, *, token: str = "", hook_instance: str = "", base: str = "") -> requests.Response:
        """A hook through nginx, or at the address of one replica, with a token of its own unless one is given."""
        body = denosumab() | {"hookInstance": hook_instance or str(uuid.uuid4())}
        headers = {"Authorization": f"Bearer {token or new_token()}"}
        return self.front.post((base or self.front.base) + HOOK, json=body, headers=headers, timeout=60)

    def ready(self) -> list[tuple[int, str]]:
        """What each replica says of itself."""
        answers = [requests.get(f"{one.base}/health/ready", timeout=60) for one in self.replicas]
        return [(answer.status_code, answer.text) for answer in answers]

    def counted(self, name: str) -> list[float]:
        """A metric of each replica, all its labels together."""
        told = [requests.get(f"{one.base}/metrics", timeout=60).text for one in self.replicas]
        return [sum(map(float, re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))) for text in told]

    def wait_until_counted(self, name: str, *, more_than: float = 0) -> None:
        until = time.monotonic() + SECONDS_TO_RECOVER
        while min(self.counted(name)) <= more_than:
            assert time.monotonic() < until, name
            time.sleep(0.1)

    def wait_until_ready(self) -> None:
        until = time.monotonic() + SECONDS_TO_RECOVER
        while [status for status, _ in self.ready()] != [200, 200]:
            assert time.monotonic() < until, self.ready()
            time.sleep(0.1)

    def held(self, hook_instances: list[str]) -> Counter[str]:
        """How many answers the ledger holds of each of these hooks, once what waited is written."""
        database = Database(self.database_url)
        until = time.monotonic() + SECONDS_TO_RECOVER
        try:
            while True:
                with database.read() as connection:
                    found = Counter(connection.execute(select(ANSWERS.c.hook_instance)).scalars())
                if set(hook_instances) <= set(found) or time.monotonic() > until:
                    return Counter({one: found[one] for one in hook_instances})
                time.sleep(0.1)
        finally:
            database.dispose()


@dataclass
class Load:
    """What EHRs that fire one hook after another were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    answered: list[str] = field(default_factory=list)

    def wait_for(self, number: int) -> None:
        """Wait until so many more hooks are answered."""
        wanted, until = len(self.answered) + number, time.monotonic() + SECONDS_TO_RECOVER
        while len(self.answered) < wanted:
            assert time.monotonic() < until, self.statuses
            time.sleep(0.02)


@contextmanager
def under_load(site: Site) -> Iterator[Load]:
    """EHRs fire while the block lasts; a token each, so that a hook that was taken twice would be refused."""
    load, ended = Load(), threading.Event()

    def fire() -> None:
        while not ended.is_set():
            hook_instance = str(uuid.uuid4())
            status = site.fire(hook_instance=hook_instance).status_code
            load.statuses[status] += 1
            if status == 200:
                load.answered.append(hook_instance)

    firing = [threading.Thread(target=fire) for _ in range(EHRS)]
    for one in firing:
        one.start()
    try:
        yield load
    finally:
        ended.set()
        for one in firing:
            one.join()


def new_token() -> str:
    now = int(time.time())
    claims = {"iss": "urn:ehr", "aud": "urn:us", "iat": now, "exp": now + 300, "jti": str(uuid.uuid4())}
    return jwt.encode({"alg": "ES384", "kid": "ec"}, claims, KEY, algorithms=["ES384"])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    folder = reachable_by_others(tmp_path_factory.mktemp("site"))
    (folder / "keys.json").write_text(json.dumps({"keys": [KEY.as_dict(private=False)]}), encoding="utf-8")
    (folder / "clients.toml").write_text('[a]\nissuer = "urn:ehr"\njwks = "keys.json"\naudiences = ["urn:us"]\n')
    with postgresql() as server, redis_server() as redis, fresh_database(server.port) as url:
        settings = {
            "OSTEOCDS_DATABASE_URL": url,
            "OSTEOCDS_REDIS_URL": redis.url,
            "OSTEOCDS_CLIENTS": str(folder / "clients.toml"),
            "OSTEOCDS_WORKERS": "1",
            "OSTEOCDS_LOG_LEVEL": "warning",
        }
        with (
            replicas([folder / "a", folder / "b"], settings) as both,
            in_front_of([one.base for one in both], folder) as front,
        ):
            site = Site(front, both, server, redis, url)
            site.wait_until_ready()
            yield site


def test_a_token_is_taken_once_by_both_replicas(site):
    one, other = (replica.base for replica in site.replicas)
    taken = new_token()
    assert [site.fire(token=taken, base=base).status_code for base in (one, other, one)] == [200, 401, 401]
    assert [site.fire(token=taken).status_code for _ in range(4)] == [401] * 4


def test_a_rolling_restart_under_load_loses_no_hook_and_no_row_of_the_ledger(site):
    with under_load(site) as load:
        load.wait_for(20)
        for replica in site.replicas:
            replica.restart()
            load.wait_for(20)
    assert set(load.statuses) == {200}
    assert site.held(load.answered) == Counter(load.answered)


def test_while_a_replica_is_gone_and_comes_back_every_hook_is_answered(site):
    with under_load(site) as load:
        load.wait_for(10)
        site.replicas[0].stop()
        load.wait_for(40)
        site.replicas[0].start()
        load.wait_for(40)
    assert set(load.statuses) == {200}
    site.wait_until_ready()
    assert all(site.counted("osteocds_requests_total"))


def test_where_replicas_are_killed_no_token_is_refused(site):
    """What nginx asks again has its token taken by the replica that did not come to answer."""
    with under_load(site) as load:
        for replica in site.replicas:
            load.wait_for(20)
            replica.kill()
            load.wait_for(20)
            replica.start()
            site.wait_until_ready()
    assert 401 not in load.statuses


def test_without_postgresql_feedback_is_told_to_come_again_and_not_to_bring_a_token(site):
    feedback = {
        "feedback": [{"card": str(uuid.uuid4()), "outcome": "accepted", "outcomeTimestamp": "2026-11-30T20:00:00Z"}]
    }
    site.postgresql.stop()
    try:
        told = [
            site.front.post(
                f"{site.front.base}{HOOK}/feedback",
                json=feedback,
                headers={"Authorization": f"Bearer {new_token()}"},
                timeout=60,
            )
            for _time in range(4)
        ]
    finally:
        site.postgresql.start()
    assert {(answer.status_code, answer.headers.get("Retry-After")) for answer in told} == {(503, "1")}
    site.wait_until_ready()


def test_without_postgresql_cards_go_on_it_is_told_and_counted_and_what_waited_is_written_without_a_restart(site):
    with under_load(site) as load:
        load.wait_for(10)
        site.postgresql.stop()
        try:
            load.wait_for(40)
            told = site.ready()
            site.wait_until_counted("osteocds_ledger_failures_total")
        finally:
            site.postgresql.start()
        site.wait_until_ready()
        load.wait_for(10)
    assert set(load.statuses) == {200}
    assert [status for status, _ in told] == [503, 503]
    assert all("the database cannot be used" in text for _, text in told)
    assert site.held(load.answered) == Counter(load.answered)
    assert site.counted("osteocds_ledger_dropped_total") == [0, 0]


def test_of_a_postgresql_that_says_nothing_it_is_told_how_late_the_ledger_is(site):
    with under_load(site) as load:
        load.wait_for(10)
        with site.postgresql.held_still():
            site.wait_until_counted("osteocds_ledger_lag_seconds", more_than=5)
            assert all(site.counted("osteocds_ledger_waiting"))
            load.wait_for(10)
        site.wait_until_ready()
    assert set(load.statuses) == {200}
    assert site.held(load.answered) == Counter(load.answered)


def test_without_redis_tokens_are_refused_with_503_which_nginx_passes_on_and_taken_again_at_once_when_it_is_back(site):
    """Were a 503 a failure for nginx, it would leave both replicas alone and answer 502."""
    site.redis.stop()
    try:
        answers = [site.fire() for _ in range(12)]
        told = site.ready()
    finally:
        site.redis.start()
    assert {(answer.status_code, answer.headers.get("Retry-After")) for answer in answers} == {(503, "1")}
    assert all(status == 503 and "Redis cannot be used" in text for status, text in told)
    assert all(site.counted("osteocds_redis_failures_total"))
    site.wait_until_ready()
    taken = new_token()
    assert [site.fire(token=taken).status_code for _ in range(4)] == [200, 401, 401, 401]
