"""What `make load` found, as `docs/performance/README.md` has it: what was asked, what came of it, and a picture."""

from __future__ import annotations

import math
import platform
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tools.load_phases import FAULTY, PREFETCHED, SETTLING_SECONDS, STEADY, Phase
from tools.pictures import COLOURS, INK, QUIET, RULE, Drawing

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs/performance"

PREFETCHED_MS, FHIR_MS, SHED_MS, CRD_MS = 50, 500, 50, 5000
MEMORY_SHARE = 0.05


@dataclass(frozen=True)
class Line:
    """One line of the table: what was looked at, what is asked of it, what was found; None where nothing is asked."""

    what: str
    asked: str
    found: str
    holds: bool | None = None


def quantile(sorted_: Sequence[float], share: float) -> float:
    """The least value that so large a share does not exceed; NaN of nothing."""
    return sorted_[min(len(sorted_) - 1, math.ceil(share * len(sorted_)) - 1)] if sorted_ else math.nan


def drift(megabytes: Sequence[float]) -> float:
    """How far the mean of a tenth of the time lies from that of all, as a share of it, at most."""
    size = max(1, len(megabytes) // 10)
    tenths = [statistics.fmean(megabytes[start : start + size]) for start in range(0, len(megabytes) - size + 1, size)]
    mean = statistics.fmean(megabytes)
    return max(abs(one - mean) / mean for one in tenths)


def _within(what: str, share: str, found: float, most: float) -> Line:
    return Line(what, f"{share} within {most:g} ms", f"{found:.0f} ms", found <= most)


def lines_of(phase: Phase) -> Iterator[Line]:
    """What is asked of a phase under load, and what came of it."""
    yield Line(
        "hooks a second",
        "",
        f"{len(phase.hooks) / phase.seconds:.0f}, {len(phase.answered) / phase.seconds:.0f} answered",
    )
    yield Line("processors that the service took", "", f"{phase.processors:.2f}")
    errors = ", ".join(f"{status} × {times}" for status, times in sorted(phase.errors.items())) or "0"
    yield Line("errors", "0", errors, not phase.errors)
    yield Line("critical cards lost that the record held", "0", str(len(phase.lost)), not phase.lost)
    told = sum(one.became == "told" for one in phase.answered)
    yield Line("cards that say the FHIR server did not answer, in their place", "", str(told))
    yield _within("record prefetched", "99 %", quantile(phase.times(PREFETCHED), 0.99), PREFETCHED_MS)
    yield _within("FHIR server of 200 ms", "99.9 %", quantile(phase.times(STEADY), 0.999), FHIR_MS)
    of_all = sorted(one for kind in (PREFETCHED, STEADY, FAULTY) for one in phase.times(kind))
    yield _within("all of them (Da Vinci CRD)", "90 %", quantile(of_all, 0.9), CRD_MS)
    if phase.has_surplus:
        first = quantile(phase.settling_times(PREFETCHED), 0.99)
        yield Line(f"record prefetched, in the first {SETTLING_SECONDS:.0f} s", "", f"99 % within {first:.0f} ms")
        yield Line(
            "told to come again (503)", "the surplus", f"{len(phase.shed) / len(phase.hooks):.0%}", bool(phase.shed)
        )
        yield _within("the 503", "99 %", quantile(phase.shed_times, 0.99), SHED_MS)
    else:
        yield Line("told to come again (503)", "0", str(len(phase.shed)), not phase.shed)
        found = drift(phase.megabytes)
        yield Line(
            "memory, of all processes",
            f"± {MEMORY_SHARE:.0%}",
            f"± {found:.1%} of {statistics.fmean(phase.megabytes):.0f} MB",
            found <= MEMORY_SHARE,
        )


def write(capacity: Phase, phases: Sequence[Phase], when: datetime, folder: Path = DOCS) -> bool:
    """Write table and picture; whether every line holds."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {phase.name: list(lines_of(phase)) for phase in phases}
    tables = [
        f"## At {phase.name} of the capacity, {phase.seconds:.0f} s\n\n| | asked | found | |\n|---|---|---|---|\n"
        + "".join(f"| {one.what} | {one.asked} | {one.found} | {_sign(one)} |\n" for one in lines[phase.name])
        for phase in phases
    ]
    head = HEAD.format(
        able=f"{len(capacity.answered) / capacity.seconds:.0f}",
        commit=_commit(),
        machine=_machine(),
        when=f"{when:%Y-%m-%d}",
        settling=SETTLING_SECONDS,
    )
    (folder / "README.md").write_text("\n".join([head, *tables]), encoding="utf-8")
    (folder / "load.svg").write_text(picture(phases), encoding="utf-8")
    return all(one.holds is not False for of_phase in lines.values() for one in of_phase)


def _sign(line: Line) -> str:
    return "" if line.holds is None else "holds" if line.holds else "**does not hold**"


HEAD = """# Performance

Written by `make load` (locust). EHRs fire `order-sign` of denosumab at random moments; the record of each holds a
calcium for which the order is critical. Of a hundred hooks 60 have the record prefetched, 20 leave it to a FHIR
server that takes 200 ms for each answer, and 20 to one that is slow (1.5 s) one time in twenty and silent one time in
two hundred; a hook asks it twelve times. The service runs with its default settings and SQLite, on half of the
processors of the machine, a worker each; the EHRs and the FHIR server run on the other half. Times are those of the
service, from the head of a request to its answer. Where more comes than can be answered, they are those after the first
{settling:.0f} s: until then it may be a burst, which is borne.

Da Vinci CRD asks that 90 % of calls are answered within 5 s
([STU 2.1](https://hl7.org/fhir/us/davinci-crd/STU2.1/)).

- Capacity: {able} hooks a second, of EHRs that fire one after the other
- Commit: {commit}
- Machine: {machine}
- Date: {when}

![times by share of the hooks, and memory](load.svg)
"""


def _commit() -> str:
    git = shutil.which("git") or "git"
    found = subprocess.run(
        [git, "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


def _machine() -> str:
    """Its processors, without its name."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return f"{len(models)} × {models[0] if models else platform.machine()}, Python {platform.python_version()}"


# --- the picture ------------------------------------------------------------------------------------------------------

LEFT, TOP, WIDTH, HEIGHT = 70, 60, 560, 300
SHARES = [1 - 10 ** (-step / 20) for step in range(6, 61)]
"""Of the hooks, from the half to 99.9 %."""

NAMES = {
    PREFETCHED: ("prefetched", COLOURS["info"]),
    STEADY: ("FHIR server of 200 ms", COLOURS["warning"]),
    FAULTY: ("faulty FHIR server", COLOURS["critical"]),
}


DASHES = ("", ' stroke-dasharray="1 3"', ' stroke-dasharray="6 4"')
"""One a phase."""


def _x(share: float) -> float:
    return LEFT + WIDTH * (-math.log10(1 - share) - 0.3) / 2.7


def _y(milliseconds: float) -> float:
    return TOP + HEIGHT * (1 - math.log10(max(1, min(10_000, milliseconds))) / 4)


def picture(phases: Sequence[Phase]) -> str:
    """Times by share of the hooks, on scales of tens, and memory over time below."""
    drawing = Drawing(820)
    drawing.text(24, 34, "Time of an answer (ms) that so many hooks do not exceed", 16)
    for milliseconds in (1, 10, 100, 1000, 10_000):
        drawing.add(f'<path d="M{LEFT} {_y(milliseconds):g}h{WIDTH}" stroke="{RULE}"/>')
        drawing.text(24, _y(milliseconds) + 5, f"{milliseconds}", 12, fill=QUIET)
    for share, name in ((0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %")):
        drawing.add(f'<path d="M{_x(share):g} {TOP}v{HEIGHT}" stroke="{RULE}"/>')
        drawing.text(_x(share) - 14, TOP + HEIGHT + 18, name, 12, fill=QUIET)
    for phase, dashes in zip(phases, DASHES, strict=False):
        for kind, (_name, colour) in NAMES.items():
            if times := phase.times(kind):
                drawn = " ".join(f"{_x(share):.1f},{_y(quantile(times, share)):.1f}" for share in SHARES)
                drawing.add(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
    for share, most, name in ((0.99, PREFETCHED_MS, "50 ms"), (0.999, FHIR_MS, "500 ms"), (0.9, CRD_MS, "CRD: 5 s")):
        drawing.add(f'<circle cx="{_x(share):g}" cy="{_y(most):g}" r="4" fill="{INK}"/>')
        drawing.text(_x(share) - 7 * len(name), _y(most) - 8, name, 12)
    for number, (name, colour) in enumerate(NAMES.values()):
        drawing.add(f'<path d="M650 {TOP + 12 + 22 * number}h20" stroke="{colour}" stroke-width="2"/>')
        drawing.text(676, TOP + 16 + 22 * number, name, 12)
    for number, (phase, dashes) in enumerate(zip(phases, DASHES, strict=False)):
        drawing.add(f'<path d="M650 {TOP + 88 + 22 * number}h20" stroke="{INK}" stroke-width="2"{dashes}/>')
        drawing.text(676, TOP + 92 + 22 * number, f"{phase.name} of capacity", 12)
    top = TOP + HEIGHT + 60
    drawing.text(24, top - 8, f"Memory at {phases[0].name} (MB), with ± {MEMORY_SHARE:.0%}", 16)
    _memory(drawing, phases[0].megabytes, top)
    return drawing.svg(top + 130, "Times of answers under load, and memory")


def _memory(drawing: Drawing, megabytes: Sequence[float], top: float) -> None:
    if len(megabytes) < 2:
        return
    mean = statistics.fmean(megabytes)

    def y(one: float) -> float:
        return top + 50 - 50 * max(-2.0, min(2.0, (one - mean) / mean / MEMORY_SHARE / 2))

    for share in (-MEMORY_SHARE, 0, MEMORY_SHARE):
        drawing.add(f'<path d="M{LEFT} {y(mean * (1 + share)):g}h{WIDTH}" stroke="{RULE}"/>')
        drawing.text(24, y(mean * (1 + share)) + 5, f"{mean * (1 + share):.0f}", 12, fill=QUIET)
    drawn = " ".join(
        f"{LEFT + WIDTH * second / (len(megabytes) - 1):.1f},{y(one):.1f}" for second, one in enumerate(megabytes)
    )
    drawing.add(f'<polyline points="{drawn}" fill="none" stroke="{INK}" stroke-width="1.5"/>')
