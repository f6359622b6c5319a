"""The IWAE table's protocol is the published one, and its rows are computed as they say."""

import json

import pytest
import torch
from benchmark_record import RESULTS
from iwae_protocol import N_TRAIN, PAPER, Cell, new_model
from iwae_table import differences, record, table

from lvmlib.training import iwae_stages


def test_the_stages_are_3280_epochs_from_1e_3_down_to_1e_4():
    stages = iwae_stages()
    assert [stage.n_epochs for stage in stages] == [1, 3, 9, 27, 81, 243, 729, 2187]
    rates = [stage.learning_rate for stage in stages]
    assert rates[0] == pytest.approx(1e-3) and rates[7] == pytest.approx(1e-4)
    # the published code rounds them to 1e-3, 7e-4 ... as "1e-4 * round(10 ** (1 - i / 7), 1)"
    assert [round(rate / 1e-4, 1) for rate in rates] == [10.0, 7.2, 5.2, 3.7, 2.7, 1.9, 1.4, 1.0]
    assert N_TRAIN % 20 == 0 and N_TRAIN // 20 == 2980


@pytest.mark.parametrize("n_layers", [1, 2])
def test_a_model_starts_as_the_papers(n_layers):
    mean = torch.linspace(0, 1, 784)
    model = new_model(Cell(n_layers, 5), mean)
    assert model.decoder.network[-1].bias.sigmoid().sub(mean.clamp(0.001, 0.999)).abs().max() < 1e-6
    head = model.encoder[0].network[-1]
    width = {1: 50, 2: 100}[n_layers]
    bound = (6 / (200 + width)) ** 0.5  # Glorot's, of a layer of means or of scales alone
    for half in head.weight.chunk(2):
        assert half.shape == (width, 200) and 0.98 * bound < half.abs().max() <= bound
    assert all((layer.bias == 0).all() for one in model.encoder for layer in one.network if hasattr(layer, "bias"))
    again = new_model(Cell(n_layers, 50), mean)
    assert all(torch.equal(one, other) for one, other in zip(model.parameters(), again.parameters(), strict=True))


def rows(tmp_path):
    generator = torch.Generator().manual_seed(0)
    images = -90 + 20 * torch.randn(400, generator=generator)
    found = []
    for n_samples, gain in [(1, 0.0), (5, 1.5), (50, 2.0)]:
        log_marginal = images + gain + 0.3 * torch.randn(400, generator=generator)
        one = record(Cell(1, n_samples), 121, log_marginal, torch.full((400,), 0.04), "a processor")
        (tmp_path / one["name"]).mkdir()
        torch.save(log_marginal, tmp_path / one["name"] / "log_marginal_121.pt")
        found.append(one)
    return found


def test_errors_of_a_row_and_of_a_comparison_image_by_image(tmp_path):
    vae, five, fifty = rows(tmp_path)
    assert vae["paper"] == PAPER[1, 1] == -86.76 and fifty["reproduction"] == -84.59
    assert vae["standard_error"] == pytest.approx(1.0, rel=0.15)  # 20 / sqrt(400)
    assert vae["monte_carlo_error"] == pytest.approx(0.04 / 20)
    first, second = differences(tmp_path, [fifty, vae, five])[::-1]
    assert (first["better"], first["worse"]) == (five["name"], vae["name"])
    assert (second["better"], second["worse"]) == (fifty["name"], five["name"])
    assert first["standard_error"] == pytest.approx(0.3 * 2**0.5 / 20, rel=0.15)
    assert abs(first["difference"] - 1.5) < 4 * first["standard_error"]


def test_cells_of_other_lengths_or_batches_are_not_compared(tmp_path):
    vae, five, _ = rows(tmp_path)
    assert differences(tmp_path, [vae, {**five, "epochs": 40}]) == []
    assert differences(tmp_path, [vae, {**five, "batch_size": 400}]) == []


def test_the_table_names_what_departs(tmp_path):
    cells = rows(tmp_path)
    other = record(Cell(2, 50, "dreg", 400, 4.0), 3280, torch.tensor([-80.0, -86.0]), torch.zeros(2), "a GPU")
    text = table([*cells, other], differences(tmp_path, cells))
    assert len(text.splitlines()) == 2 + 4 + 3 + 2
    last = text.splitlines()[5]
    assert "| 2 | IWAE, K = 50 | dreg | 3,280 | -83.00 ± 3.00 |" in last and "batch of 400" in last and "rates times 4" in last
    assert json.loads(json.dumps(other))["name"] == "layers2_k50_dreg_batch400_rate4"


def test_the_committed_table_is_that_of_the_committed_report():
    report = RESULTS / "reports" / "iwae_table.json"
    found = json.loads(report.read_text(encoding="utf-8"))
    assert table(found["cells"], found["orders"]) == report.with_suffix(".md").read_text(encoding="utf-8")
