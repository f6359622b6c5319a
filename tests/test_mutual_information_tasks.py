"""The table of estimators on the tasks of known mutual information: made of cells, each kept whole."""

from __future__ import annotations

import json
import sys

import pytest

pytest.importorskip("matplotlib")

import mutual_information_tasks as benchmark  # noqa: E402

TASKS = ("1v1-normal-0.75", "student-identity-1-1-1")


def cell(task: str, estimator: str, nats: float, error: float, standard_error: float | None = None) -> dict:
    return {
        "task": task,
        "estimator": estimator,
        "nats": nats,
        "error": error,
        "standard_error": standard_error,
        "n_pairs": 2000,
        "source": "simulated, seed 3",
    }


ROWS = [
    cell(TASKS[0], "ksg", 0.45, 0.04),
    cell(TASKS[1], "ksg", 0.10, -0.12),
    cell(TASKS[0], "nwj", 0.10, -0.31, 0.02),
]


def test_summary_counts_what_is_near():
    totals = benchmark.summary(ROWS)
    assert totals["ksg"] == {"n_tasks": 2, "near": 1, "not_far": 2, "mean": pytest.approx(0.08)}
    assert totals["nwj"] == {"n_tasks": 1, "near": 0, "not_far": 0, "mean": pytest.approx(0.31)}
    assert set(totals) == {"ksg", "nwj"}


def test_table_and_figure(tmp_path):
    lines = benchmark.table(ROWS, TASKS).splitlines()
    assert lines[2].startswith("| truth | 0.413 | 0.224 |")
    assert lines[3] == "| ksg | **0.450** | 0.100 | 1 of 2 | 2 of 2 | 0.080 |"
    assert lines[4] == "| nwj | 0.100 ± 0.020 |  | 0 of 1 | 0 of 1 | 0.310 |"
    assert "2,000 pairs, simulated, seed 3" in lines[-1]
    benchmark.figure(ROWS, TASKS, tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").stat().st_size > 5000


def test_a_cell_is_an_estimate_beside_its_truth_and_is_not_done_twice(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "use_cores", lambda count: None)  # this process has other tests to run
    command = ["tasks", "--quick", "--estimator", "ksg", "club, learned", "--runs", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    benchmark.main()
    files = sorted((tmp_path / "quick").glob("*__*.json"))
    assert len(files) == 4
    one = json.loads(files[0].read_text())
    assert one["error"] == pytest.approx(one["nats"] - one["truth"]) and one["n_pairs"] == 200
    assert {path.name.split("__")[1] for path in files} == {"ksg.json", "club_learned.json"}
    assert "club, learned" in capsys.readouterr().out


def test_done_cells_are_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "use_cores", lambda count: None)
    measured = []

    def noting(task: str, estimator: str, *rest: object) -> dict:
        measured.append(task)
        return cell(task, estimator, 0.4, 0.0) | {"seconds": 1.0}

    monkeypatch.setattr(benchmark, "measure", noting)
    monkeypatch.setattr(benchmark, "write", lambda runs, name, tasks: f"{name} of {len(benchmark.done(runs))}")
    command = ["tasks", "--simulated", "3", "--task", *TASKS, "--estimator", "ksg", "--runs", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    for _ in range(2):
        benchmark.main()
    assert measured == list(TASKS)


