"""The table: medians and minima, the ratio to the reference, and whether the bar is met."""

from statistics import median

from .. import cases

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def reference(results):
    """Name of the column that ratios are against: TensorFlow 2, or else any TensorFlow; None without one."""
    tensorflow = [name for name, label in results["libraries"].items() if label.startswith("TensorFlow")]
    second = [name for name in tensorflow if results["libraries"][name].startswith("TensorFlow 2")]
    return next(iter(second + tensorflow), None)


def seconds(value):
    """A time with a unit that suits it."""
    factor, unit = next(((f, u) for f, u in UNITS if value >= f), (1e-6, "µs"))
    return f"{value / factor:.3g} {unit}"


def cell(times):
    """Median and, in brackets, minimum."""
    if times is None or isinstance(times, str):
        return "—"
    return f"{seconds(median(times))} ({seconds(min(times))})"


def verdict(met):
    """In a word."""
    return "" if met is None else "yes" if met else "**no**"


def row(name, group, cells, ratios=None, bar="", met=None):
    """One line of the table as data."""
    return {"name": name, "group": group, "cells": cells, "ratios": ratios, "bar": bar, "met": met}


def case_row(case, results, against):
    """A timed case; the ratio is that of the medians, and of the minima."""
    times = results["cases"][case.name]
    cells = {name: cell(times.get(name)) for name in results["libraries"]}
    other = results["cases"].get(case.instead or case.name, {}).get(against)
    own = times.get("pyscope")
    ratios = met = None
    if isinstance(own, list) and isinstance(other, list):
        ratios = (median(other) / median(own), min(other) / min(own))
        if case.bar is not None:
            met = ratios[0] >= case.bar
    if case.instead is not None:
        cells = {name: text if name == "pyscope" else "as 100,000" for name, text in cells.items()}
    return row(case.name, case.group, cells, ratios, f"{case.bar}x" if case.bar else "", met)


def growth_row(small, large, limit, results):
    """How much dearer an op is in a large graph."""
    times = [results["cases"].get(name, {}).get("pyscope") for name in (small, large)]
    if not all(isinstance(t, list) for t in times):
        return None
    growth = median(times[1]) / median(times[0])
    cells = {"pyscope": f"{growth:.2f} times"}
    name = f"{large}: cost of one over that in “{small}”"
    return row(name, "build", cells, bar=f"at most {limit:g}", met=growth <= limit)


def import_rows(results, against):
    """Import times."""
    made = []
    for name, times in results["imports"].items():
        own, other = times.get("pyscope"), times.get(against)
        ratios = (median(other) / median(own), min(other) / min(own)) if own and other else None
        bar, met = "", None
        if name == "import, above NumPy" and own:
            bar = f"at most {cases.IMPORT_ABOVE_NUMPY * 1e3:.0f} ms"
            met = median(own) <= cases.IMPORT_ABOVE_NUMPY
        made.append(row(name, "import", {peer: cell(values) for peer, values in times.items()}, ratios, bar, met))
    return made


def memory_row(results, against):
    """Bytes per op."""
    memory = results["memory"]
    own, other = memory.get("pyscope"), memory.get(against)
    ratios = (other / own,) * 2 if isinstance(own, float) and isinstance(other, float) else None
    cells = {name: f"{value:,.0f} bytes" if isinstance(value, float) else "—" for name, value in memory.items()}
    met = own <= cases.BYTES_PER_OP if isinstance(own, float) else None
    name = f"memory per op, {cases.MEMORY_OPS:,} tf.add"
    return row(name, "memory", cells, ratios, f"at most {cases.BYTES_PER_OP} bytes", met)


def rows(results):
    """All lines of the table, as data."""
    against = reference(results)
    made = [case_row(case, results, against) for case in cases.CASES if case.name in results["cases"]]
    made += filter(None, (growth_row(*growth, results) for growth in cases.GROWTH))
    if results["memory"]:
        made.append(memory_row(results, against))
    return made + import_rows(results, against)


def table(results, made):
    """Markdown."""
    libraries = results["libraries"]
    against = reference(results)
    lines = [
        "# What things cost",
        "",
        f"{results['when']}; {results['machine']}. Median (minimum) of the measurements, which took turns; the "
        "collector was on. Ratios are medians over medians (minima over minima)"
        + (f", {libraries[against]} over PyScope." if against else "."),
        "",
        "| case | " + " | ".join(libraries.values()) + " | ratio | bar | met |",
        "|---|" + "---|" * (len(libraries) + 3),
    ]
    for line in made:
        ratios = line["ratios"]
        cells = [line["cells"].get(name, "") for name in libraries]
        shown = f"{ratios[0]:.3g} ({ratios[1]:.3g})" if ratios else ""
        lines.append("| " + " | ".join([line["name"], *cells, shown, line["bar"], verdict(line["met"])]) + " |")
    lines += ["", *missing(results)]
    judged = [line for line in made if line["met"] is not None]
    lines += [f"Bars met: {sum(line['met'] for line in judged)} of {len(judged)}.", ""]
    return "\n".join(lines)


def missing(results):
    """What PyScope or a TensorFlow could not run, and why."""
    lines = []
    memory = {f"memory per op, {cases.MEMORY_OPS:,} tf.add": results["memory"]}
    for name, times in {**results["cases"], **memory}.items():
        for peer, why in times.items():
            if isinstance(why, str) and results["libraries"][peer].startswith(("PyScope", "TensorFlow")):
                lines.append(f"- {results['libraries'][peer]} did not run “{name}”: {why}")
    return [*lines, ""] if lines else lines
