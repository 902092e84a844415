"""The plot: how many times faster than what, a panel for each group, on logarithmic scales."""

from html import escape
from math import ceil, floor, log10

from .. import cases
from .report import figure

WIDTH, LEFT, RIGHT, LINE, HEAD = 1000, 560, 70, 18, 52
COLOURS = {True: "#2a7f62", False: "#b5403a", None: "#5b6f94"}
LONGEST = 88  # characters of a line's name


def svg(rows, results):
    """A bar for each ratio; green: what is wanted (the black tick) is reached, red: it is missed, blue: nothing is."""
    panels = []
    for group, described in cases.GROUPS.items():
        drawn = [
            (row["name"], one)
            for row in rows
            if row["group"] == group
            for one in row["verdicts"]
            if one["ratio"] is not None
        ]
        if drawn:
            panels.append((described.title, drawn))
    height = 50 + sum(HEAD + LINE * len(drawn) + 14 for _, drawn in panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        '<text x="10" y="24" font-size="16">How many times faster (or smaller) PyScope is</text>',
        '<text x="10" y="42" fill="#555">green: as wanted (black tick); red: less; blue: nothing is wanted. '
        f"{escape(results['when'])}</text>",
    ]
    top = 50
    for title, drawn in panels:
        parts += _panel(title, drawn, top)
        top += HEAD + LINE * len(drawn) + 14
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _panel(title, drawn, top):
    """One group, whose first bar begins HEAD below `top`."""
    values = [value for _, one in drawn for value in (one["ratio"], one["wanted"] or 1.0)]
    first = min(0, floor(log10(min(values))))
    last = max(1, ceil(log10(max(values)) + 0.02))
    scale = (WIDTH - LEFT - RIGHT) / (last - first)

    def place(value):
        return LEFT + (log10(value) - first) * scale

    bottom = top + HEAD + LINE * len(drawn)
    parts = [f'<text x="10" y="{top + 26}" font-size="14">{escape(title)}</text>']
    steps = (1, 2, 5) if last - first <= 2 else (1,)
    for tick in [step * 10.0**power for power in range(first, last) for step in steps] + [10.0**last]:
        x = place(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{top + HEAD - 6}" x2="{x:.1f}" y2="{bottom}" stroke="#ccc"/>')
        parts.append(f'<text x="{x:.1f}" y="{top + HEAD - 10}" text-anchor="middle">{tick:g}</text>')
    for i, (name, one) in enumerate(drawn):
        y = top + HEAD + LINE * i
        left, right = sorted((place(1.0), place(one["ratio"])))
        against = " — " + one["against"]
        cut = name if len(name) + len(against) <= LONGEST else name[: LONGEST - len(against) - 1] + "…"
        repeated = i and drawn[i - 1][0] == name
        label = escape(against if repeated else cut + against)
        parts.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{label}<title>{escape(name)}</title></text>')
        parts.append(
            f'<rect x="{left:.1f}" y="{y + 2}" width="{right - left:.1f}" height="{LINE - 5}" '
            f'fill="{COLOURS[one["met"]]}"/>'
        )
        parts.append(f'<text x="{right + 4:.1f}" y="{y + 12}">{figure(one["ratio"])}</text>')
        if one["wanted"]:
            x = place(one["wanted"])
            parts.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + LINE - 1}" stroke="black" />')
    return parts
