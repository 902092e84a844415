"""The tables: medians and minima, how many times faster than what, and whether the bars are met."""

import re
from statistics import median

from .. import cases

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
IDLE = 0.15  # processors that other processes may use before the second one counts as taken


# ---------------------------------------------------------------- numbers for people


def figure(value):
    """Three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def shown(value, unit):
    """A value with a unit that suits it."""
    if unit == "bytes":
        return f"{value / cases.MB:.3g} MB" if value >= cases.MB / 10 else f"{value:,.0f} bytes"
    if unit == "times":
        return f"{value:.2f} times"
    if unit != "s":
        return f"{value:.2g}"
    factor, name = next(((f, u) for f, u in UNITS if value >= 0.9995 * f), UNITS[-1])
    return f"{value / factor:.3g} {name}"


def cell(values, case):
    """Median and, in brackets, minimum; or why there is none."""
    if isinstance(values, str):
        return values if values.startswith("over ") else "—"
    if case.rate:
        unit, amount = case.rate
        return f"{figure(amount / median(values))} {unit} ({figure(amount / min(values))})"
    text = shown(median(values), case.unit)
    return text if len(values) == 1 or case.unit != "s" else f"{text} ({shown(min(values), case.unit)})"


def short(label):
    """A label without its version."""
    return re.sub(r" [\d.]+[^ ,]*", "", label)


# ---------------------------------------------------------------- verdicts


def verdict(text, met=None, ratio=None, wanted=None, against=None):
    """One bar of a row, or a ratio without a bar."""
    return {"text": text, "met": met, "ratio": ratio, "wanted": wanted, "against": against}


def in_a_word(met):
    """How a bar ended."""
    return "yes" if met else "**no**"


def at_most(value, limit, text):
    """A verdict about a value alone."""
    met = value <= limit
    return verdict(f"at most {text}: {in_a_word(met)}", met)


def against(results, values, case, names, wanted):
    """A verdict about the best of some columns; None if none has a value."""
    own, others = values.get("pyscope"), results["cases"].get(case.instead, {}) if case.instead else values
    if names == cases.OTHERS:
        names = [name for name in others if name != "pyscope" and not name.startswith("tensorflow")]
        who = "all other builders, best "
    else:
        who = ""
    measured = [name for name in names if isinstance(others.get(name), list)]
    if not isinstance(own, list) or not measured:
        return None
    best = min(measured, key=lambda name: median(others[name]))
    ratio = median(others[best]) / median(own)
    who += short(results["columns"][best])
    minima = f" ({figure(min(others[best]) / min(own))})" if len(own) > 1 else ""
    if wanted is None:
        return verdict(f"{who} {figure(ratio)}{minima}", ratio=ratio, against=who)
    met = ratio >= wanted
    bar = f"{wanted:.2g}" if wanted < 1 else f"{wanted:g}"
    return verdict(f"{who} {figure(ratio)}{minima} of {bar}: {in_a_word(met)}", met, ratio, wanted, who)


def verdicts(results, case):
    """All verdicts on a case."""
    values = results["cases"][case.name]
    bars = dict(case.bars)
    if not any("tensorflow" in names for names in bars):
        bars[cases.TF] = None
    made = [against(results, values, case, names, wanted) for names, wanted in bars.items()]
    own = values.get("pyscope")
    if isinstance(own, str):  # misses its bars
        made = [verdict(f"no figure: {in_a_word(False)}", False) for wanted in bars.values() if wanted]
        made += [
            verdict(f"no figure: {in_a_word(False)}", False) for bar in (case.limit, case.floor, case.grows) if bar
        ]
    else:
        if case.limit is not None:
            made.append(at_most(median(own), case.limit, shown(case.limit, case.unit)))
        if case.floor is not None:
            made.append(_second_core(median(own), case.floor, results["others_use"]))
        if case.grows is not None:
            name, factor = case.grows
            small = results["cases"].get(name, {}).get("pyscope")
            if isinstance(small, list):
                growth = median(own) / median(small)
                met = growth <= factor
                made.append(verdict(f"{growth:.2g} times one of “{name}”, at most {factor:g}: {in_a_word(met)}", met))
    if case.unit == "times":
        return [found for found in made if found and found["ratio"] is None]
    return [found for found in made if found]


def _second_core(ratio, floor, others_use):
    if others_use > IDLE:
        return verdict(f"at least {floor:g}: not judged, no idle core")
    met = ratio >= floor
    return verdict(f"at least {floor:g}: {in_a_word(met)}", met)


# ---------------------------------------------------------------- rows


def row(name, group, cells, found):
    """One line of a table as data."""
    return {"name": name, "group": group, "cells": cells, "verdicts": [one for one in found if one]}


def case_row(results, case):
    """A case."""
    values = results["cases"][case.name]
    cells = {name: cell(values[name], case) for name in values}
    if case.instead:
        represented = results["cases"].get(case.instead, {})
        cells.update((name, "as above") for name in represented if name != "pyscope")
    return row(case.name, case.group, cells, verdicts(results, case))


def import_rows(results):
    """Import times."""
    for name, times in results["imports"].items():
        own, other = times["pyscope"], times.get("tensorflow")
        found = []
        if other:
            ratio = median(other) / median(own)
            who = short(results["columns"]["tensorflow"])
            found.append(verdict(f"{who} {figure(ratio)}", ratio=ratio, against=who))
        if name == "import, above NumPy":
            limit = cases.IMPORT_SECONDS
            found.append(at_most(median(own), limit, shown(limit, "s")))
        timed = cases.Case(name, "import", None, 1, {})
        yield row(name, "import", {column: cell(values, timed) for column, values in times.items()}, found)


def size_rows(results):
    """What the import loads, and the wheel."""
    size = results["size"]
    if not size:
        return
    modules, resident, wheel = size["modules"], size["resident"], size["wheel"]
    yield row(
        "modules that the import loads besides its own, above NumPy",
        "import",
        {"pyscope": str(modules)},
        [at_most(modules, 0, "0")],
    )
    limit = cases.IMPORT_BYTES
    yield row(
        "resident memory of the import, above NumPy",
        "import",
        {"pyscope": shown(resident, "bytes")},
        [at_most(resident, limit, shown(limit, "bytes"))],
    )
    if wheel is not None:
        limit = cases.WHEEL_BYTES
        built = isinstance(wheel, int)
        found = [at_most(wheel, limit, shown(limit, "bytes"))] if built else []
        yield row("wheel", "import", {"pyscope": shown(wheel, "bytes") if built else wheel}, found)


def rows(results):
    """All lines of the tables, as data, in their order."""
    made = [case_row(results, case) for case in cases.CASES if case.name in results["cases"]]
    return [*made, *import_rows(results), *size_rows(results)]


# ---------------------------------------------------------------- Markdown

NOTES = {
    "nodes": "A million operations are PyScope's alone; the others' figures are those at 100,000. PyTorch's tape "
    "computes as it goes.",
    "call": "“lean” is TensorFlow with its single-threaded executor and without its optimizers. ONNX Runtime's and "
    "JAX's figures for make_callable are with input and output bound, and on device arrays.",
    "run": "PyTensor runs without fusion.",
    "arrays": "Bytes counted: 8 a float of x + 1.0, 4 a float of a reduction.",
    "cores": "These rows need a second core that is idle. {idle} “C loops, a part each” is what two threads of C "
    "gained, a loop over memory or in registers: the machine's own figure.",
    "memory": "Peaks above what the process held before the run, of pages; the input is not counted.",
}


def _idle(others_use):
    if others_use is None:
        return ""
    taken = f"Before the first, other processes used {others_use:.2f} processors"
    return taken + ("." if others_use <= IDLE else ", so there was none, and the bars are not judged.")


def table(results, made):
    """Markdown, a table for each group."""
    lines = [
        "# What things cost",
        "",
        f"{results['when']}; {results['machine']}. Median (minimum) of the measurements, which took turns; the "
        "collector was on. “TensorFlow 472 (850) of 250: yes” means: its median over PyScope's is 472, its minimum "
        "over PyScope's 850, and 250 is wanted of the medians.",
        "",
    ]
    for group, described in cases.GROUPS.items():
        inside = [line for line in made if line["group"] == group]
        if not inside:
            continue
        columns = [name for name in results["columns"] if any(name in line["cells"] for line in inside)]
        labels = [results["columns"][name] for name in columns]
        lines += [f"## {described.title}", ""]
        if group in NOTES:
            lines += [NOTES[group].format(idle=_idle(results["others_use"])), ""]
        lines += ["| case | " + " | ".join(labels) + " | times faster than, of what is wanted |"]
        lines += ["|---|" + "---|" * (len(labels) + 1)]
        for line in inside:
            cells = [line["cells"].get(name, "") for name in columns]
            found = "; ".join(one["text"] for one in line["verdicts"])
            lines.append("| " + " | ".join([line["name"], *cells, found]) + " |")
        lines.append("")
    bars = count(made)
    lines += missing(results)
    lines.append(
        f"Bars met: {bars['met']} of {bars['judged']}."
        + f" Not judged: {bars['not judged']}." * bool(bars["not judged"])
    )
    return "\n".join([*lines, ""])


def count(made):
    """How many bars there are, and how many are met."""
    found = [one for line in made for one in line["verdicts"]]
    judged = [one["met"] for one in found if one["met"] is not None]
    return {"met": sum(judged), "judged": len(judged), "not judged": sum("not judged" in one["text"] for one in found)}


def missing(results):
    """What a library should run and could not, and why."""
    lines = []
    for name, values in results["cases"].items():
        for column, why in values.items():
            if isinstance(why, str):
                lines.append(f"- {results['columns'][column]} did not run “{name}”: {why}")
    return [*lines, ""] if lines else lines
