"""The plot: how many times faster than the reference, case by case, on a logarithmic scale."""

from html import escape
from math import floor, log10

from . import report

WIDTH, LEFT, LINE, TOP = 900, 380, 20, 60
COLOURS = {True: "#2a7f62", False: "#b5403a", None: "#5b6f94"}


def svg(rows, results):
    """A bar for each row that has a ratio; green: the bar is met, red: it is missed, blue: there is none."""
    drawn = [row for row in rows if row["ratios"]]
    highest = max([row["ratios"][0] for row in drawn], default=10.0)
    lowest = min([row["ratios"][0] for row in drawn], default=1.0)
    first = min(0, floor(log10(lowest)))
    last = max(1, floor(log10(highest)) + 1)
    scale = (WIDTH - LEFT - 70) / (last - first)
    height = TOP + LINE * len(drawn) + 20

    def place(value):
        return LEFT + (log10(value) - first) * scale

    against = results["libraries"].get(report.reference(results), "no reference")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="10" y="20" font-size="15">Times faster than {escape(against)} '
        "(green: bar met, red: missed, blue: no bar)</text>",
    ]
    for power in range(first, last + 1):
        x = place(10.0**power)
        parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 15}" stroke="#ccc"/>')
        parts.append(f'<text x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">{10.0**power:g}</text>')
    for i, row in enumerate(drawn):
        y = TOP + LINE * i
        ratio = row["ratios"][0]
        left, right = sorted((place(1.0), place(ratio)))
        parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(row["name"])}</text>')
        parts.append(
            f'<rect x="{left:.1f}" y="{y + 2}" width="{right - left:.1f}" height="{LINE - 5}" '
            f'fill="{COLOURS[row["met"]]}"/>'
        )
        parts.append(f'<text x="{right + 4:.1f}" y="{y + 13}">{ratio:.3g}</text>')
        if row["bar"].endswith("x"):
            x = place(float(row["bar"][:-1]))
            parts.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + LINE - 1}" stroke="black"/>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
