"""`python confined.py UNIT COMMAND...`: run a command under what a systemd unit says of system calls, without systemd as init.

`SystemCallFilter=`, `RestrictAddressFamilies=` and `MemoryDenyWriteExecute=`, by libseccomp as systemd does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
EQUAL, MASKED_EQUAL = 4, 7
WRITE, RUN = 2, 4


class Compared(ctypes.Structure):
    """`struct scmp_arg_cmp`: what an argument of a call must be."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("how", ctypes.c_int),
        ("one", ctypes.c_uint64),
        ("other", ctypes.c_uint64),
    )


NO_WRITABLE_CODE = {
    "mmap": (Compared(2, MASKED_EQUAL, RUN, 0), Compared(2, MASKED_EQUAL, WRITE, 0)),
    "mprotect": (Compared(2, MASKED_EQUAL, RUN, 0),),
    "pkey_mprotect": (Compared(2, MASKED_EQUAL, RUN, 0),),
}
"""Of which calls one thing must hold of the rights that they ask for."""


def said(unit: str, name: str) -> list[list[str]]:
    """The words of each line of the unit that sets it."""
    return [line.split() for line in re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)]


def calls_of(name: str) -> set[str]:
    """The system calls of a set of systemd (`@...`), those of the sets in it too, or the one of this name."""
    if not name.startswith("@"):
        return {name}
    listing = ["systemd-analyze", "syscall-filter", name]
    told = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
    members = [line.strip() for line in told.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(calls_of(member) for member in members))


def allowed(unit: str) -> set[str]:
    """What its filter lets pass: the lines in their order, the first of them a list of what is allowed."""
    calls = calls_of("@default")
    for line in said(unit, "SystemCallFilter"):
        named: set[str] = set().union(*(calls_of(word.lstrip("~")) for word in line))
        calls = calls - named if line[0].startswith("~") else calls | named
    return calls


def confine(calls: Iterable[str], families: Iterable[int]) -> None:
    """Refuse this process, and what it runs, every other call (EPERM) and socket, and memory that is written and run."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    bounded = {**NO_WRITABLE_CODE, "socket": tuple(Compared(0, EQUAL, family, 0) for family in families)}
    for call in sorted(calls):
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        for compared in bounded.get(call, (None,)):
            which = None if compared is None else ctypes.byref(compared)
            seccomp.seccomp_rule_add_array(rules, ALLOW, number, 0 if compared is None else 1, which)
    if seccomp.seccomp_load(rules):
        raise OSError("seccomp_load")


if __name__ == "__main__":
    told = Path(sys.argv[1]).read_text(encoding="utf-8")
    (named,) = said(told, "RestrictAddressFamilies")
    if said(told, "MemoryDenyWriteExecute") != [["yes"]]:
        NO_WRITABLE_CODE.clear()
    confine(allowed(told), [getattr(socket, family) for family in named])
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - a command of the tests
