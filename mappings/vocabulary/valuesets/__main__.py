"""`python -m mappings.vocabulary.valuesets --from FOLDER`: rebuild the generated value sets from their sources."""

from __future__ import annotations

import argparse
from pathlib import Path

from mappings.vocabulary.valuesets import FOLDER, NO_VALUE_SETS
from mappings.vocabulary.valuesets.rebuild import SOURCES, ImportProblem, rebuild

BY_HAND = (NO_VALUE_SETS - {"lab-unit"}) | {"additions", "additions-near-miss"}


def main() -> None:
    """Write every generated file, and remove those that the sources no longer give."""
    parser = argparse.ArgumentParser(prog="python -m mappings.vocabulary.valuesets", description=__doc__)
    parser.add_argument("--from", dest="sources", type=Path, required=True, help=f"folder with {' and '.join(SOURCES)}")
    try:
        files = rebuild(parser.parse_args().sources)
    except (ImportProblem, OSError) as problem:
        parser.error(str(problem))
    for path in FOLDER.glob("*.csv"):
        if path.stem not in BY_HAND and path.name not in files:
            path.unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
    rows = sum(text.count("\n") - 1 for text in files.values())
    print(f"{len(files)} files, {rows} rows")  # noqa: T201 - a command's answer


if __name__ == "__main__":
    main()
