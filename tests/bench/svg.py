# SPDX-License-Identifier: GPL-2.0
"""Two kinds of plot, bars and lines, as SVG text."""

import html
import math

COLOURS = {"svcnat": "#0b6e4f", "kube-proxy": "#c8553d", "IPVS": "#6d597a",
           "nftables DNAT": "#e09f3e"}
GREY = "#8d99ae"
FONT = "font-family='sans-serif' font-size='13'"


def text(x, y, words, anchor="start", more=""):
    return (f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {FONT} {more}>"
            f"{html.escape(words)}</text>")


def page(width, height, title, note, parts):
    head = (f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' "
            f"viewBox='0 0 {width} {height}'>\n<rect width='100%' height='100%' fill='white'/>")
    return "\n".join([head, text(20, 28, title, more="font-weight='bold'"),
                      text(20, 48, note, more="fill='#555'"), *parts, "</svg>\n"])


def colour(label):
    return next((c for peer, c in COLOURS.items() if label.startswith(peer)), GREY)


def bars(title, note, rows):
    """@rows: (label, value, what to write behind the bar)."""
    left, width, step = 230, 420, 30
    most = max(value for _, value, _ in rows)
    parts = []
    for i, (label, value, said) in enumerate(rows):
        y = 66 + i * step
        length = max(width * value / most, 1)
        parts.append(f"<rect x='{left}' y='{y}' width='{length:.1f}' height='{step - 8}' "
                     f"fill='{colour(label)}'/>")
        parts.append(text(left - 10, y + 16, label, "end"))
        parts.append(text(left + length + 8, y + 16, said))
    return page(left + width + 170, 76 + len(rows) * step, title, note, parts)


def nice_ticks(low, high):
    """Round values from low to high for a linear axis."""
    step = 10 ** math.floor(math.log10((high - low) / 3))
    step *= next(m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 6)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def decades(low, high):
    return [10.0 ** e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


class Axis:
    def __init__(self, values, start, end, log):
        self.log = log
        if log:
            self.ticks = decades(min(values), max(values))
        else:
            self.ticks = nice_ticks(0, max(values) * 1.1)
        self.low, self.high = self.scale(self.ticks[0]), self.scale(self.ticks[-1])
        self.high = max(self.high, self.scale(max(values)), self.low + 1e-9)
        self.start, self.end = start, end

    def scale(self, value):
        return math.log10(value) if self.log else value

    def at(self, value):
        share = (self.scale(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def lines(title, note, series, x_name, y_log=False, say=str):
    """@series: peer → [(x, y)]; x is logarithmic, @say writes a y."""
    points = [point for line in series.values() for point in line]
    x = Axis([p[0] for p in points], 90, 560, True)
    y = Axis([p[1] for p in points], 330, 70, y_log)
    parts = []
    for tick in y.ticks:
        parts.append(f"<line x1='90' x2='560' y1='{y.at(tick):.1f}' y2='{y.at(tick):.1f}' "
                     "stroke='#ddd'/>")
        parts.append(text(82, y.at(tick) + 4, say(tick), "end"))
    for tick in x.ticks:
        parts.append(text(x.at(tick), 352, f"{tick:,.0f}", "middle"))
    parts.append(text(325, 376, x_name, "middle", "fill='#555'"))
    for label, line in series.items():
        path = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in sorted(line))
        parts.append(f"<polyline points='{path}' fill='none' stroke='{colour(label)}' "
                     "stroke-width='2'/>")
        parts += [f"<circle cx='{x.at(a):.1f}' cy='{y.at(b):.1f}' r='3.5' "
                  f"fill='{colour(label)}'/>" for a, b in line]
        last = max(line)
        parts.append(text(x.at(last[0]) + 10, y.at(last[1]) + 4, label,
                          more=f"fill='{colour(label)}'"))
    return page(700, 390, title, note, parts)
