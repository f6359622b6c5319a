"""The table of hierarchical models: rows of a group have equal budgets, and errors and orders are computed as they say."""

import json

import pytest
import torch
from hierarchical_protocol import EQUAL_BUDGET, ROWS, n_parameters
from hierarchical_run import Evaluation, TrainedRow
from hierarchical_table import differences, record, table


@pytest.mark.parametrize("images", ["pooled", "dynamic"])
def test_rows_of_a_group_have_one_budget(images):
    rows = [row for row in ROWS.values() if row.group == f"equal_{images}"]
    models = [row.make(row.n_pixels, 1) for row in rows]
    assert [model.n_layers for model in models] == [1, 2, 3]
    counts = [n_parameters(model) for model in models]
    assert max(counts) <= EQUAL_BUDGET and min(counts) > 0.98 * max(counts)
    for setting in ("n_epochs", "learning_rate", "batch_size", "warm_up_epochs", "average_decay", "clip_norm", "free_nats", "images"):
        assert len({getattr(row, setting) for row in rows}) == 1


@pytest.mark.parametrize("name", ["one_layer", "ladder_3", "residual_6", "residual_12"])
def test_the_convolutional_rows_are_as_deep_as_they_say(name):
    row = ROWS[name]
    model = row.make(row.n_pixels, 1)
    assert model.n_layers == {"one_layer": 1}.get(name) or int(name.split("_")[1])
    assert model.log_w(torch.ones(2, 784), 1, 0).shape == (1, 2)


def rows(tmp_path):
    generator = torch.Generator().manual_seed(0)
    images, found = -90 + 20 * torch.randn(400, generator=generator), []
    for n, gain in [(1, 0.0), (2, 1.5), (3, 2.0)]:
        row = ROWS[f"equal_{n}_dynamic"]
        log_marginal = images + gain + 0.3 * torch.randn(400, generator=generator)
        trained = TrainedRow(torch.nn.Linear(3, n), 40, True, 600.0, 0)
        found.append(record(row, trained, Evaluation(log_marginal, torch.full((400,), 0.04), torch.ones(400, n), True), 1000, 1, "a core"))
        (tmp_path / row.name).mkdir()
        torch.save(log_marginal, tmp_path / row.name / "log_marginal_40.pt")
    return found


def test_errors_of_a_row_and_of_a_comparison_image_by_image(tmp_path):
    one, two, three = rows(tmp_path)
    assert one["published"] == "86.8 with one layer" and one["parameters"] == 4 and three["kl"] == [1.0] * 3
    assert one["standard_error"] == pytest.approx(1.0, rel=0.15)  # 20 / sqrt(400)
    assert one["monte_carlo_error"] == pytest.approx(0.04 / 20)
    found = differences(tmp_path, [three, one, two])
    assert {(each["better"][6], each["worse"][6]) for each in found} == {("2", "1"), ("3", "1"), ("3", "2")}
    for each in found:
        gain = {"21": 1.5, "31": 2.0, "32": 0.5}[each["better"][6] + each["worse"][6]]
        assert each["standard_error"] == pytest.approx(0.3 * 2**0.5 / 20, rel=0.15)
        assert abs(each["difference"] - gain) < 4 * each["standard_error"]


def test_rows_of_other_groups_lengths_or_seeds_are_not_compared(tmp_path):
    one, two, _ = rows(tmp_path)
    for change in ({"epochs": 20}, {"seed": 2}, {"n_images": 100}, {"group": "equal_pooled"}, {"group": ""}):
        assert differences(tmp_path, [one, {**two, **change}]) == []


def test_the_table_shows_what_was_published_and_how_far_training_went(tmp_path):
    found = rows(tmp_path)
    found[2]["epochs"] = 25
    text = table(found, differences(tmp_path, found[:2]))
    assert len(text.splitlines()) == 2 + 3 + 3 + 1
    assert "86.8 with one layer" in text.splitlines()[2] and "| 25 of 40 |" in text.splitlines()[4]
    assert "1.0, 1.0, 1.0" in text.splitlines()[4]
    assert json.loads(json.dumps(found))[0]["name"] == "equal_1_dynamic"
