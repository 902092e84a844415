"""The deliberate differences: the table in DIFFERENCES.md."""

import fnmatch
import pathlib

PATH = pathlib.Path(__file__).parent / "DIFFERENCES.md"


def load(text=None):
    """Rows ``(program, mode, field, reason)`` of the table; the first three are shell patterns."""
    rows = []
    for line in (PATH.read_text(encoding="utf-8") if text is None else text).splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
        heading = cells[0] == "program" or set(cells[0]) <= set("-: ")
        if line.startswith("|") and len(cells) == 4 and not heading:
            rows.append(tuple(cells))
    return rows


def split(name, mode, found, rows):
    """Parts `found` into the differences nobody meant and the set of `rows` that the others are."""
    remaining, used = [], set()
    for difference in found:
        for row in rows:
            if _matches(name, row[0]) and _matches(mode, row[1]) and _matches(difference[0], row[2]):
                used.add(row)
                break
        else:
            remaining.append(difference)
    return remaining, used


def applies(row, name, mode):
    """Whether `row` speaks of the program `name` in `mode`."""
    return _matches(name, row[0]) and _matches(mode, row[1])


def _matches(text, pattern):
    # Fields hold brackets, which are no character classes here.
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))
