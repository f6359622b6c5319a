"""Write the README's tables from ``results/``; ``make bench``, ``make iwae-table``, ``make hierarchical-table`` and ``make
reports`` do so at their end."""

from __future__ import annotations

import json
from pathlib import Path

import report_lines

README = Path(__file__).parents[2] / "README.md"
RESULTS = Path(__file__).parent / "results"
TABLES = {"iwae-table": "iwae_table.md", "hierarchical-table": "hierarchical_table.md"}
BEGIN, END = "<!-- {}: written by tests/benchmarks/readme_table.py -->", "<!-- end of {} -->"
HEADER = "| claim | measured | range of rounds | aim | hardware, date |\n|---|---|---|---|---|"


def row(result: dict) -> str:
    times, seconds = result["ratio"], result.get("seconds_of_computing")
    what = result["claim"] + (f", {seconds:g} s of computing" if seconds is not None else "")
    hardware = result["hardware"]
    cores = "1 core" if hardware["cores"] == 1 else f"{hardware['cores']} cores"
    where = f"{cores} of {hardware['processor']}, {result['date']}"
    return f"| {what} | {times['median']:.2f} times | {times['min']:.2f} to {times['max']:.2f} | {result['target']:g} | {where} |"


def table() -> str:
    results = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    return "\n".join([HEADER, *map(row, results)])


def with_tables(text: str) -> str:
    reports = RESULTS / "reports"
    blocks = {"benchmarks": table(), "reports": report_lines.table(reports)}
    blocks |= {block: (reports / name).read_text(encoding="utf-8").strip() for block, name in TABLES.items()}
    for name, content in blocks.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{content}\n{end}{after}"
    return text


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
