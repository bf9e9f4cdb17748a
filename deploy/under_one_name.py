"""The build backend (PEP 517): what is installed is one package, `osteocds`, whatever the folders of the repository are called.

`service`, `mappings` and `cds_hooks` are names that other packages have too. So setuptools builds the wheel from a copy in which
they stand in a folder `osteocds`, and each import of them says so. Line for line the code is the same: a traceback leads to it.
An editable install (`make install`) stays with the folders as they are.
"""

from __future__ import annotations

import ast
import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from setuptools import build_meta

NAME = "osteocds"
ROOMS = ("cds_hooks", "mappings", "service")
BESIDE = ("README.md", "LICENSE")
OF_THE_PROJECT = (
    ('build-backend = "under_one_name"\nbackend-path = ["deploy"]\n', 'build-backend = "setuptools.build_meta"\n'),
    (f'{NAME} = "service.', f'{NAME} = "{NAME}.service.'),
    ('include = ["cds_hooks*", "mappings*", "service*"]', f'include = ["{NAME}*"]'),
)
"""What stands in pyproject.toml here, and there."""

Options = Mapping[str, Any] | None

build_editable = build_meta.build_editable
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable


class CannotBeRenamed(Exception):
    """A line names one of our packages in a way that this cannot follow; the message names it and says what to write."""


def build_wheel(wheel_directory: str, config_settings: Options = None, metadata_directory: str | None = None) -> str:
    """Build it; the name of the file."""
    target = str(Path(wheel_directory).absolute())
    with _under_one_name():
        return str(build_meta.build_wheel(target, config_settings, metadata_directory))


def build_sdist(sdist_directory: str, config_settings: Options = None) -> str:
    """Build an archive that setuptools alone can build; the name of the file."""
    target = str(Path(sdist_directory).absolute())
    with _under_one_name():
        return str(build_meta.build_sdist(target, config_settings))


def renamed(source: bytes, where: str, modules: frozenset[str]) -> bytes:
    """A module's source with its imports of ours below `osteocds`. `modules` are the dotted names of all that are ours.

    Raises `CannotBeRenamed` for `import service.x`, which binds a name of one package, and for a text that names a module.
    """
    lines = source.splitlines(keepends=True)
    insertions: list[tuple[int, int, bytes]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
            module = lines[node.lineno - 1].index(str(node.module).encode(), node.col_offset)
            insertions.append((node.lineno - 1, module, f"{NAME}.".encode()))
        elif isinstance(node, ast.Import):
            for alias in (one for one in node.names if _is_ours(one.name)):
                line, end = alias.lineno - 1, alias.end_col_offset or 0
                if alias.asname is None:
                    if "." in alias.name:
                        raise CannotBeRenamed(
                            f"{where}:{alias.lineno}: write `from` ... `import`, or `as`: {alias.name}"
                        )
                    insertions.append((line, end, f" as {alias.name}".encode()))
                insertions.append((line, alias.col_offset, f"{NAME}.".encode()))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = node.value.partition(":")[0]
            if "." in named and named in modules:
                raise CannotBeRenamed(
                    f"{where}:{node.lineno}: take the name of a module from `__name__`, not {node.value!r}"
                )
    for line, column, text in sorted(insertions, reverse=True):
        lines[line] = lines[line][:column] + text + lines[line][column:]
    return b"".join(lines)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in ROOMS


def _modules(root: Path) -> frozenset[str]:
    files = (path.relative_to(root).with_suffix("") for room in ROOMS for path in (root / room).rglob("*.py"))
    return frozenset(".".join(file.parent.parts if file.name == "__init__" else file.parts) for file in files)


@contextlib.contextmanager
def _under_one_name() -> Iterator[None]:
    """Let setuptools work in a copy, in the same bytes and rights whoever has the repository checked out."""
    root = Path.cwd()
    with tempfile.TemporaryDirectory(prefix=f"{NAME}-wheel-") as folder:
        copy = Path(folder)
        for name in BESIDE:
            shutil.copyfile(root / name, copy / name)
        (copy / "pyproject.toml").write_text(
            project((root / "pyproject.toml").read_text(encoding="utf-8")), encoding="utf-8"
        )
        modules = _modules(root)
        for room in ROOMS:
            for path in sorted((root / room).rglob("*")):
                target = copy / NAME / path.relative_to(root)
                if path.is_file() and "__pycache__" not in path.parts:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    held = path.read_bytes()
                    where = str(path.relative_to(root))
                    target.write_bytes(renamed(held, where, modules) if path.suffix == ".py" else held)
        (copy / NAME / "__init__.py").write_text(
            '"""OsteoCDS: its service, its mappings, its protocol."""\n', encoding="utf-8"
        )
        for path in copy.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        os.chdir(copy)
        mask = os.umask(0o022)  # of what setuptools writes itself
        try:
            yield
        finally:
            os.umask(mask)
            os.chdir(root)


def project(text: str) -> str:
    """The pyproject.toml of the copy. Raises `CannotBeRenamed` where a line that it changes is not there as expected."""
    for here, there in OF_THE_PROJECT:
        if len(re.findall(re.escape(here), text)) != 1:
            raise CannotBeRenamed(f"pyproject.toml holds not exactly one {here!r}")
        text = text.replace(here, there)
    return text
