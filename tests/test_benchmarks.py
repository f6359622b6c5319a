"""The committed results of benchmarks hold what a reader needs, and the README's table is made of them."""

import json

import pytest
from benchmark_record import FIELDS, ratio
from readme_table import BEGIN, END, README, RESULTS, with_tables

FILES = sorted(RESULTS.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_result_is_whole(path):
    result = json.loads(path.read_text(encoding="utf-8"))
    assert {*FIELDS, "hardware", "versions", "date", "command"} <= result.keys()
    assert {"median", "min", "max"} == result["ratio"].keys()
    assert 0 < result["ratio"]["min"] <= result["ratio"]["max"]


def test_the_readme_shows_them():
    text = README.read_text(encoding="utf-8")
    for name in ("benchmarks", "iwae-table", "reports"):
        assert text.count(BEGIN.format(name)) == text.count(END.format(name)) == 1
    assert with_tables(text) == text, "run python tests/benchmarks/readme_table.py"
    assert FILES and all(str(json.loads(path.read_text())["date"]) in text for path in FILES)


def test_a_ratio_is_that_of_the_medians():
    assert ratio([4.0, 10.0, 6.0], [2.0, 1.0, 4.0]) == {"median": 3.0, "min": 1.5, "max": 10.0}
    with pytest.raises(ValueError):
        ratio([1.0], [1.0, 2.0])
