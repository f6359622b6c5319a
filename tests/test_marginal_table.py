"""What the tables of ln p(x) share: rows of reports and of runs are merged, folders found, models compared image by image."""

import argparse
import json

import marginal_table as shared
import pytest
import torch


def written(runs, folder, **row):
    (runs / folder).mkdir(exist_ok=True)
    path = runs / folder / f"evaluation_{row['epochs']}.json"
    path.write_text(json.dumps({"seed": 1} | row), encoding="utf-8")


def test_a_folder_is_named_after_row_and_seed(tmp_path):
    assert shared.seeded("ladder_3", 1) == "ladder_3" and shared.seeded("ladder_3", 2) == "ladder_3_seed2"
    folder = shared.run_folder(tmp_path / "runs", "ladder_3_seed2", quick=True)
    assert folder == tmp_path / "runs" / "ladder_3_seed2_quick" and folder.is_dir()
    assert shared.run_folder(tmp_path / "runs", "ladder_3", quick=False).name == "ladder_3"


def test_rows_of_the_report_stay_unless_a_run_has_gone_further(tmp_path):
    before = [
        {"name": "a", "seed": 1, "epochs": 40, "from": "report"},
        {"name": "a", "seed": 2, "epochs": 40, "from": "report"},
        {"name": "b", "seed": 1, "epochs": 40, "from": "report"},
    ]
    written(tmp_path, "a", name="a", epochs=40)
    written(tmp_path, "a", name="a", epochs=100)
    written(tmp_path, "b", name="b", epochs=9)
    written(tmp_path, "c", name="c", epochs=3)
    written(tmp_path, "c_quick", name="c", epochs=300)  # of few images, for no table
    found = {(one["name"], one["seed"]): one for one in shared.merged_rows(before, tmp_path, ("name", "seed"))}
    assert {key: one["epochs"] for key, one in found.items()} == {("a", 1): 100, ("a", 2): 40, ("b", 1): 40, ("c", 1): 3}
    assert [key for key, one in found.items() if one.get("from") == "report"] == [("a", 2), ("b", 1)]
    by_length = shared.merged_rows(before, tmp_path, ("name", "seed", "epochs"))
    assert sorted((one["name"], one["seed"], one["epochs"]) for one in by_length) == [
        ("a", 1, 40), ("a", 1, 100), ("a", 2, 40), ("b", 1, 9), ("b", 1, 40), ("c", 1, 3)
    ]  # fmt: skip
    evaluated_again = next(one for one in by_length if (one["name"], one["seed"], one["epochs"]) == ("a", 1, 40))
    assert "from" not in evaluated_again


def test_a_comparison_made_again_takes_the_place_of_the_one_before():
    def order(better, seed, difference):
        return {"better": better, "worse": "a", "seed": seed, "difference": difference}

    before, now = [order("b", 1, 0.5), order("c", 1, 1.0)], [order("b", 1, 0.7), order("b", 2, 9.0)]
    found = shared.merged_orders(before, now, ("better", "worse", "seed"))
    assert [(one["better"], one["seed"], one["difference"]) for one in found] == [("b", 1, 0.7), ("c", 1, 1.0), ("b", 2, 9.0)]


def test_errors_over_images_and_of_samples():
    found = shared.of_images(torch.tensor([-80.0, -86.0, -89.0, -97.0]), torch.tensor([0.3, 0.0, 0.4, 0.0]))
    assert found["log_marginal"] == -88 and found["n_images"] == 4
    assert found["standard_error"] == pytest.approx((150 / 3) ** 0.5 / 2)  # squares of 8, 2, -1, -9
    assert found["monte_carlo_error"] == pytest.approx(0.5 / 4)


def test_models_are_compared_image_by_image_where_both_were_evaluated(tmp_path):
    for name, values in {"better": [-80.0, -90.0, -99.0], "worse": [-81.0, -92.0, -102.0]}.items():
        (tmp_path / name).mkdir()
        torch.save(torch.tensor(values), tmp_path / name / "log_marginal_7.pt")
    found = shared.image_by_image(tmp_path / "better", tmp_path / "worse", 7)
    assert found == pytest.approx({"difference": 2.0, "standard_error": 3**-0.5})
    assert shared.image_by_image(tmp_path / "better", tmp_path / "worse", 8) is None
    lines = shared.lines_of_orders([{"better": "b", "worse": "a", **found}], "So:", lambda one: ", 7 epochs")
    assert lines == ["", "So:", "", "- b is +2.000 ± 0.577 nats from a, 7 epochs."]


def test_a_report_is_read_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "RESULTS", tmp_path)
    monkeypatch.setattr("benchmark_record.RESULTS", tmp_path)
    assert shared.report_before("some_table", "cells") == {"cells": [], "orders": []}
    rows = [{"name": "a", "log_marginal": -88.0}]
    shared.write_table("some_table", "cells", rows, [], "| a |\n", claim="a claim", peer={}, equal="nothing")
    before = shared.report_before("some_table", "cells")
    assert before["cells"] == rows and before["orders"] == [] and before["ours"] == {"a": -88.0}
    assert (tmp_path / "reports" / "some_table.md").read_text(encoding="utf-8") == "| a |\n"


def test_the_options_of_both_tables(tmp_path):
    parser = argparse.ArgumentParser()
    shared.add_options(parser, tmp_path, "epochs")
    given = parser.parse_args(["--minutes", "2.5", "--seed", "3", "--table"])
    assert (given.minutes, given.seed, given.table, given.evaluate, given.runs) == (2.5, 3, True, False, tmp_path)
