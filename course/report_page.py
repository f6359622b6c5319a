"""The page ``report.html``: one file with its style and its pictures in it."""

from __future__ import annotations

import base64
import io
import textwrap
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from course.item_statistics import item_statistics
from course.results import AWAITING, FULL, GRADED, NONE, PART, STATES, UNTOUCHED, ClassResults

KINDS = {FULL: "#1b7837", PART: "#7fbf7b", NONE: "#b2182b", UNTOUCHED: "#9a9a9a", AWAITING: "#f0c75e"}
"""Colours of the kinds of mark; they differ in lightness as well as in hue."""
INK, GRID, BAR = "#1f2933", "#d5dbe1", "#2c5f8a"
MOST_BARS = 20
"""How many misconceptions are drawn; the page's table has all of them."""


def write_page(results: ClassResults, path: Path) -> None:
    """Write the report of a class as a self-contained page of HTML, and its plots as PNG files beside it."""
    plots = pictures(results)
    for plot in plots:
        file = path.with_name(plot["title"].lower().replace(" ", "_") + ".png")
        file.write_bytes(base64.b64decode(plot["data"]))
    # what a student writes (a name of a folder, an error's text) must stay text
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["breakable"] = lambda name: Markup(str(escape(name)).replace("_", "_<wbr>"))
    environment.filters["points"] = lambda value: "" if value is None else f"{value:g}"
    environment.filters["share"] = lambda value: "–" if value is None else f"{value:.0%}"
    environment.filters["correlation"] = lambda value: "–" if value is None else f"{value:z.2f}".replace("-", "−")
    page = environment.from_string(PAGE).render(
        results=results,
        pictures=plots,
        items=item_statistics(results) if results.graded else [],
        states={state: sum(student.state == state for student in results.students) for state in STATES},
        meanings=STATES,
        GRADED=GRADED,
        classes={FULL: "full", PART: "part", NONE: "none", UNTOUCHED: "untouched", AWAITING: "awaiting"},
    )
    path.write_text(page.lstrip(), encoding="utf-8")


def pictures(results: ClassResults) -> list[dict[str, str]]:
    """The plots: title, what to read off it, alternative text, and the PNG in base64."""
    if not results.graded:
        return []
    from matplotlib import rc_context

    style = {
        "font.size": 10, "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK,
        "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False, "savefig.dpi": 160,
        "svg.fonttype": "none",
    }  # fmt: skip
    with rc_context(style):
        return [draw(results) for draw in (_marks, _misconceptions, _totals) if draw is not _misconceptions or results.misconceptions]


def _marks(results: ClassResults) -> dict[str, str]:
    students = results.graded
    counts = {
        column: {kind: sum(student.marks[column].kind == kind for student in students if column in student.marks) for kind in KINDS}
        for column in results.columns
    }
    figure, axes = _figure(1.1 + 0.34 * len(counts))
    left = dict.fromkeys(counts, 0)
    for kind, colour in KINDS.items():
        widths = [counts[column][kind] for column in counts]
        if not any(widths):
            continue
        bars = axes.barh(list(counts), widths, left=list(left.values()), color=colour, label=kind, edgecolor="white", height=0.72)
        dark = kind in (FULL, NONE)
        axes.bar_label(bars, [str(width) if width else "" for width in widths], label_type="center", color="white" if dark else INK, fontsize=9)
        left = {column: left[column] + counts[column][kind] for column in counts}
    axes.set_ylim(len(counts) - 0.4, -0.6)
    axes.set_xlim(0, len(students))
    axes.set_xlabel(f"students (of the {len(students)} who have marks)")
    axes.set_ylabel("item")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=len(KINDS), frameon=False, borderaxespad=0.2, columnspacing=1.2, handlelength=1.0)
    said = "; ".join(
        f"{column}: " + ", ".join(f"{count} {kind}" for kind, count in by_kind.items() if count) for column, by_kind in counts.items()
    )
    return _picture(figure, "Marks per item", "How many students got full marks, part, or none; grey never touched the item.", f"Stacked bars, one an item. {said}.")


def _misconceptions(results: ClassResults) -> dict[str, str]:
    seen = results.misconceptions[:MOST_BARS]
    figure, axes = _figure(0.9 + 0.42 * len(seen))
    labels = [_two_lines(f"{one.title} ({one.item})") for one in seen]
    counts = [len(one.students) for one in seen]
    places = range(len(seen))
    bars = axes.barh(places, counts, color=BAR, height=0.62)
    axes.bar_label(bars, padding=4, fontsize=9)
    axes.set_yticks(places, labels, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(seen) - 0.4, -0.6)
    axes.set_xlim(0, max(counts) * 1.08)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel("students")
    axes.set_ylabel("misconception (item)")
    said = "; ".join(f"{one.title} ({one.item}): {len(one.students)}" for one in seen)
    caption = "A mistake is recognised when a test fails in the very words in which it fails for a wrong answer of the bank."
    if len(results.misconceptions) > MOST_BARS:
        caption += f" The {MOST_BARS} most frequent of {len(results.misconceptions)}; all are listed below."
    return _picture(figure, "Misconceptions seen", caption, f"Horizontal bars, one a misconception. Students who showed it: {said}.")


def _totals(results: ClassResults) -> dict[str, str]:
    import numpy as np

    totals = [student.total for student in results.graded]
    # ten bins of equal width, the last one closed on the right, so that full marks fall into it
    edges = np.linspace(0, max(results.maximum, *totals), 11)
    figure, axes = _figure(3.0)
    counts, _, bars = axes.hist(totals, bins=edges, color=BAR, edgecolor="white")
    axes.bar_label(bars, [f"{int(count)}" if count else "" for count in counts], padding=2, fontsize=9)
    axes.set_xticks(edges, [f"{edge:g}" for edge in edges])
    axes.set_ylim(0, max(counts) * 1.15)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"total, in points of {results.maximum:g}")
    axes.set_ylabel("students")
    waiting = sum(bool(student.awaiting) for student in results.graded)
    caption = f"What awaits hand grading, with {waiting} of {len(totals)} students, counts nothing yet." if waiting else "All hand grading is done."
    said = "; ".join(f"{low:g} to {high:g}: {int(count)}" for low, high, count in zip(edges, edges[1:], counts, strict=False) if count)
    return _picture(figure, "Totals", caption, f"Histogram of totals out of {results.maximum:g} points. Students by points: {said}.")


def _figure(height: float):
    # not pyplot: nothing global, and no display is looked for
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _picture(figure, title: str, caption: str, alternative: str) -> dict[str, str]:
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    return {"title": title, "caption": caption, "alternative": alternative, "data": data}


def _two_lines(text: str) -> str:
    lines = textwrap.wrap(text, 52)
    return "\n".join(lines if len(lines) <= 2 else [lines[0], lines[1] + " …"])


PAGE = """{% macro names_of(names) %}{% for name in names %}<span class="name">{{ name }}</span>{{ ", " if not loop.last }}{% endfor %}{% endmacro %}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Report: {{ results.homework.title }}</title>
<style>
:root { --ink: #1f2933; --soft: #52606d; --line: #d5dbe1; --band: #f5f7fa; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 64rem; color: var(--ink); background: #fff;
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
p.soft, figcaption, caption { color: var(--soft); }
dl.numbers { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 0; }
dl.numbers div { flex: 1 1 9rem; padding: .75rem 1rem; background: var(--band); border-radius: .4rem; }
dl.numbers dt { font-size: .85rem; color: var(--soft); }
dl.numbers dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
figure { margin: 0; }
figure img { display: block; width: 100%; max-width: 54rem; height: auto; }
figcaption { font-size: .9rem; margin: 0 0 .75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
table.marks { width: 100%; } table.marks th, table.marks td { padding: .32rem .4rem; }
table.marks thead th { white-space: normal; }
caption { text-align: left; padding-bottom: .5rem; }
th, td { padding: .32rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; }
thead th { vertical-align: bottom; border-bottom: 2px solid var(--ink); }
thead th span { display: block; white-space: nowrap; font-weight: 400; color: var(--soft); }
th[scope=row], th.text, td.text { text-align: left; }
td.text { white-space: normal; } td p { margin: 0 0 .25rem; } td, th { vertical-align: top; }
tbody tr:nth-child(even) { background: var(--band); }
td.full { color: #0f5a25; } td.none { color: #9b1020; font-weight: 600; } td.part { color: #7a4b00; }
td.untouched { color: #5f6b76; } td.awaiting { background: #fdf3d3; }
td.total { font-weight: 600; }
.bad { color: #9b1020; } .name { white-space: nowrap; }
@media print { body { max-width: none; padding: 0; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
</style>
</head>
<body>
<header>
<h1>{{ results.homework.title }}</h1>
<p class="soft">Class report of {{ results.homework.name }}: {{ results.columns | length }} items, {{ results.maximum | points }} points.
The same numbers stand in <a href="grades.csv">grades.csv</a> and <a href="item_statistics.csv">item_statistics.csv</a>.</p>
<dl class="numbers">
{% for state, count in states.items() if count %}
<div><dt>{{ state }}</dt><dd>{{ count }}</dd></div>
{% endfor %}
{% if results.graded %}
<div><dt>median total</dt><dd>{{ results.median | points }} of {{ results.maximum | points }}</dd></div>
{% endif %}
<div><dt>await hand grading</dt><dd>{{ results.students | selectattr("awaiting") | list | length }}</dd></div>
</dl>
</header>
<main>
{% if results.ungraded %}
<h2 id="not-graded">Not graded</h2>
<div class="scroll"><table>
<caption>Who has no up-to-date grade, and why</caption>
<thead><tr><th scope="col" class="text">student</th><th scope="col" class="text">state</th><th scope="col" class="text">reason</th></tr></thead>
<tbody>
{% for student in results.ungraded %}
<tr><th scope="row">{{ student.name }}</th><td class="text bad">{{ student.state }}</td><td class="text">{{ student.reason or meanings[student.state] }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
{% if results.awaiting %}
<h2 id="awaiting">Awaiting hand grading</h2>
<p>Grade these in the formgrader (<code>jupyter lab</code>, then <em>Nbgrader</em>, <em>Formgrader</em>), and make the report again.</p>
<ul>
{% for cell, names in results.awaiting.items() %}
<li><strong>{{ cell }}</strong>: {{ names | length }} ({{ names_of(names) }})</li>
{% endfor %}
</ul>
{% endif %}
{% for picture in pictures %}
<h2>{{ picture.title }}</h2>
<figure>
<figcaption>{{ picture.caption }}</figcaption>
<img src="data:image/png;base64,{{ picture.data }}" alt="{{ picture.alternative }}">
</figure>
{% endfor %}
{% if results.misconceptions or results.unrecognised %}
<h2 id="mistakes">Who made which mistake</h2>
<div class="scroll"><table>
<caption>Misconceptions by item, and the hint for those who have one</caption>
<thead><tr><th scope="col" class="text">item</th><th scope="col" class="text">misconception</th><th scope="col" class="text">students</th></tr></thead>
<tbody>
{% for one in results.misconceptions %}
<tr><th scope="row">{{ one.item }}</th><td class="text">{% for answer in one.answers %}<p><strong>{{ answer.title }}</strong> {{ answer.hint }}</p>{% endfor %}</td>
<td class="text">{{ names_of(one.students) }}</td></tr>
{% endfor %}
{% for item, names in results.unrecognised.items() %}
<tr><th scope="row">{{ item }}</th><td class="text"><p>Failed in another way</p></td><td class="text">{{ names_of(names) }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
{% if items %}
<h2 id="items">Items</h2>
<p>Points won: their share of all the points there were; high is an easy item. Discrimination: the correlation of an
item's points with those of all other autograded items together; near 1, who does well elsewhere does well here; near
or below 0, look for a fault in the item. A dash: not defined, for too few students or no differences.</p>
<div class="scroll"><table class="items">
<caption>The autograded items over the {{ items[0].n_students }} students who have marks for all of them</caption>
<thead><tr><th scope="col" class="text">item</th><th scope="col">points won</th><th scope="col">discrimination</th>
<th scope="col">not attempted</th><th scope="col" class="text">remarks</th></tr></thead>
<tbody>
{% for one in items %}
<tr><th scope="row">{{ one.item }}</th><td>{{ one.difficulty | share }}</td><td>{{ one.discrimination | correlation }}</td>
<td>{{ one.not_attempted | share }}</td><td class="text">{{ one.remarks | join("; ") }}</td></tr>
{% endfor %}
</tbody></table></div>
{% endif %}
<h2 id="marks">Marks</h2>
<div class="scroll"><table class="marks">
<caption>Students by items. · not attempted, ? awaits hand grading, empty: nothing graded.</caption>
<thead><tr><th scope="col" class="text">student</th>
{% for column, most in results.columns.items() %}
<th scope="col">{{ column | breakable }}<span>of {{ most | points }}</span></th>
{% endfor %}
<th scope="col">total<span>of {{ results.maximum | points }}</span></th><th scope="col" class="text">state</th></tr></thead>
<tbody>
{% for student in results.students %}
<tr><th scope="row">{{ student.name }}</th>
{% for column in results.columns %}
{% set mark = student.marks.get(column) %}
{% if mark %}
<td class="{{ classes[mark.kind] }}" title="{{ mark.kind }}{% if mark.failure %}: {{ mark.failure | truncate(300) }}{% endif %}">
{%- if mark.kind == "not attempted" %}·{% elif mark.points is none %}?{% else %}{{ mark.points | points }}{% endif %}</td>
{% else %}
<td></td>
{% endif %}
{% endfor %}
<td class="total">{{ student.total | points }}</td><td class="text{% if student.state != GRADED %} bad{% endif %}">{{ student.state }}</td></tr>
{% endfor %}
</tbody></table></div>
</main>
</body>
</html>
"""
