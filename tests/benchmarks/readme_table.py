"""Write the README's table of benchmarks from ``results/*.json``; ``make bench`` does so at its end."""

from __future__ import annotations

import json
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
RESULTS = Path(__file__).parent / "results"
BEGIN, END = "<!-- benchmarks: written by tests/benchmarks/readme_table.py -->", "<!-- end of benchmarks -->"
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


def with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
