"""Many clients at once, each on a connection of its own, in one thread: what they wait for is the service, not each other."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import uvloop

PAUSE_SECONDS = 0.05
"""After an answer that is none: one who is refused does not ask again at once."""


def post(host: str, path: str, body: bytes) -> bytes:
    """A call of a hook as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def ask_at_once(host: str, port: int, clients: int, request: bytes, seconds: float) -> tuple[Counter[str], list[float]]:
    """So many clients for so long, each of which asks again when it was answered.

    How often each status came, or the error of a connection, and the seconds of each answer of status 200.
    """
    seen: Counter[str] = Counter()
    times: list[float] = []

    async def all_of_them() -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(_ask(host, port, request, until, seen, times) for _ in range(clients)))

    uvloop.run(all_of_them())
    return seen, times


async def _ask(host: str, port: int, request: bytes, until: float, seen: Counter[str], seconds: list[float]) -> None:
    """Send one request after another; a connection that is refused or lost is counted by its error."""
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            await _ask_on(reader, writer, request, until, seen, seconds)
            writer.close()
        except (OSError, asyncio.IncompleteReadError) as error:
            seen[type(error).__name__] += 1
            await asyncio.sleep(PAUSE_SECONDS)


async def _ask_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: bytes,
    until: float,
    seen: Counter[str],
    seconds: list[float],
) -> None:
    """As long as the connection is kept."""
    while time.monotonic() < until:
        started = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        status = head[9:12].decode()
        seen[status] += 1
        if status == "200":
            seconds.append(time.perf_counter() - started)
        else:
            await asyncio.sleep(PAUSE_SECONDS)
        if b"connection: close" in head:
            return
