"""lvm fit: what it finds is what the library finds, whatever file the data are in; what is saved gives ln p(x) again."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from cli_runs import bits, clouds, done, settings, with_gaps, write_csv

from lvmlib.cli import exact_models
from lvmlib.cli.loaded_run import load_run
from lvmlib.data import iris
from lvmlib.exact.factor_analysis import FactorAnalysis, ProbabilisticPCA
from lvmlib.exact.hidden_markov import CategoricalHMM, GaussianHMM, PoissonHMM
from lvmlib.exact.mixture import BernoulliMixture, CategoricalMixture, GaussianMixture

TIGHT = {"tol": 1e-6, "max_iter": 1000}
LENGTHS = [25, 14, 21]


def codes(n_rows: int = 60, n_columns: int = 4) -> np.ndarray:
    return np.random.default_rng(6).integers(0, 3, (n_rows, n_columns))


def symbols() -> np.ndarray:
    """One column that stays at a symbol for a while."""
    return np.repeat(np.random.default_rng(7).integers(0, 3, 20), 3)[:, None]


CASES = {
    "mixture": (["mixture", "-n", 2], clouds(), lambda: GaussianMixture(2, **TIGHT)),
    "mixture, diagonal, gaps": (
        ["mixture", "-n", 2, "--covariance-type", "diag", "--missing"],
        with_gaps(clouds()),
        lambda: GaussianMixture(2, covariance_type="diag", missing_values="allow", **TIGHT),
    ),
    "mixture, float32": (
        ["mixture", "-n", 2, "--dtype", "float32"],
        clouds().astype(np.float32),
        lambda: GaussianMixture(2, **TIGHT),
    ),
    "bernoulli": (["bernoulli-mixture", "-n", 3, "--seed", 2], bits(), lambda: BernoulliMixture(3, random_state=2, **TIGHT)),
    "bernoulli, gaps": (
        ["bernoulli-mixture", "-n", 2, "--missing"],
        with_gaps(bits()),
        lambda: BernoulliMixture(2, missing_values="allow", **TIGHT),
    ),
    "categorical": (
        ["categorical-mixture", "-n", 2],
        codes(),
        lambda: CategoricalMixture(2, n_categories=3, **TIGHT),
    ),
    "gaussian hmm, full": (
        ["hmm", "-n", 2, "--covariance-type", "full"],
        clouds(),
        lambda: GaussianHMM(2, covariance_type="full", **TIGHT),
    ),
    "gaussian hmm, tied, gaps": (
        ["hmm", "-n", 2, "--covariance-type", "tied", "--missing"],
        with_gaps(clouds()),
        lambda: GaussianHMM(2, covariance_type="tied", **TIGHT),
    ),
    "poisson hmm": (
        ["hmm", "-n", 3, "--emissions", "poisson"],
        np.random.default_rng(8).poisson([2.0, 9.0], (60, 2)).astype(np.float64),
        lambda: PoissonHMM(3, **TIGHT),
    ),
    "categorical hmm": (["hmm", "-n", 2, "--emissions", "categorical"], symbols(), lambda: CategoricalHMM(2, **TIGHT)),
    "factor analysis": (
        ["factor-analysis", "-n", 1, "--rotation", "varimax"],
        clouds(),
        lambda: FactorAnalysis(1, rotation="varimax"),
    ),
    "factor analysis, gaps": (
        ["factor-analysis", "-n", 1, "--missing"],
        with_gaps(clouds()),
        lambda: FactorAnalysis(1, missing_values="allow"),
    ),
    "ppca": (["ppca", "-n", 2], clouds(), lambda: ProbabilisticPCA(2)),
    "ppca, EM": (["ppca", "-n", 2, "--method", "em"], clouds(), lambda: ProbabilisticPCA(2, method="em")),
}


@pytest.mark.parametrize("case", CASES)
def test_it_finds_what_the_library_finds_and_reads_it_back(tmp_path: Path, case: str) -> None:
    arguments, x, of_library = CASES[case]
    np.save(tmp_path / "x.npy", x)
    folder = tmp_path / "run"
    done("fit", *arguments, "--data", tmp_path / "x.npy", "--out", folder, "--no-pictures")

    expected = of_library()
    expected.fit(x)
    recorded = settings(folder)["results"]
    log_marginal = expected.log_marginal(x).double()
    assert recorded["log_marginal"] == pytest.approx(float(log_marginal.mean()), rel=1e-12)
    assert recorded["n_iterations"] == expected.n_iter_ and recorded["converged"] == expected.converged_
    found = load_run(folder)
    for name, value in exact_models.parameters(expected).items():
        torch.testing.assert_close(exact_models.parameters(found.model)[name], value, rtol=0, atol=0)
    # an HMM read back takes its sums about another point: rounding, no more
    again = found.model.log_marginal(found.examples().x).double()
    torch.testing.assert_close(again, log_marginal, rtol=1e-12 if x.dtype != np.float32 else 1e-6, atol=0)
    rows = list(csv.DictReader((folder / "log.csv").open()))
    assert [float(row["bound"]) for row in rows] == expected.elbo_.tolist()
    if hasattr(expected, "bic"):
        assert recorded["bic"] == pytest.approx(expected.bic(x), rel=1e-6 if x.dtype == np.float32 else 1e-12)
        assert recorded["aic"] == pytest.approx(expected.aic(x), rel=1e-6 if x.dtype == np.float32 else 1e-12)


@pytest.mark.parametrize(
    "case, n_free",
    [
        ("gaussian hmm, full", 1 + 2 + 2 * 3 + 2 * 6),
        ("gaussian hmm, tied, gaps", 1 + 2 + 2 * 3 + 6),
        ("poisson hmm", 2 + 6 + 3 * 2),
        ("categorical hmm", 1 + 2 + 2 * 2),
    ],
)
def test_free_parameters_of_hidden_markov_models(case: str, n_free: int) -> None:
    _, x, of_library = CASES[case]
    model = of_library()
    model.max_iter = 1
    assert exact_models.n_parameters(model.fit(x)) == n_free


def test_the_same_numbers_from_every_kind_of_file(tmp_path: Path) -> None:
    x = with_gaps(clouds())
    np.save(tmp_path / "a.npy", x)
    np.savez(tmp_path / "b.npz", x=x, other=x[:3])
    np.savez(tmp_path / "c.npz", first=x[:3], second=x)
    write_csv(tmp_path / "d.csv", x)
    write_csv(tmp_path / "e.csv", np.column_stack([np.arange(len(x)), x]), ["row", "length", "width", "height"])
    extras = {"a.npy": [], "b.npz": [], "c.npz": ["--key", "second"], "d.csv": [], "e.csv": ["--columns", "length,width,4"]}
    tensors = {}
    for name, extra in extras.items():
        done("fit", "mixture", "--missing", "--data", tmp_path / name, *extra, "--out", tmp_path / name[0], "--no-pictures")
        tensors[name] = (tmp_path / name[0] / "parameters.safetensors").read_bytes()
    assert len(set(tensors.values())) == 1
    assert settings(tmp_path / "e")["feature_names"] == ["length", "width", "height"]


def test_sequences_from_a_column_and_from_lengths(tmp_path: Path) -> None:
    x = clouds()
    names = np.repeat([7.0, 2.0, 5.0], LENGTHS)[:, None]
    write_csv(tmp_path / "x.csv", np.hstack([x, names]), ["a", "b", "c", "walk"])
    np.savez(tmp_path / "x.npz", x=x, lengths=np.array(LENGTHS))
    done("fit", "hmm", "--data", tmp_path / "x.csv", "--sequence-column", "walk", "--out", tmp_path / "csv", "--no-pictures")
    done("fit", "hmm", "--data", tmp_path / "x.npz", "--out", tmp_path / "npz", "--no-pictures")
    expected = GaussianHMM(2, **TIGHT).fit(x, LENGTHS)
    for name in ("csv", "npz"):
        found = load_run(tmp_path / name)
        torch.testing.assert_close(found.model.means_, expected.means_, rtol=0, atol=0)
        assert settings(tmp_path / name)["results"]["n_examples"] == 3
    mean = float(expected.log_marginal(x, LENGTHS).mean())
    assert settings(tmp_path / "npz")["results"]["log_marginal"] == pytest.approx(mean, rel=1e-12)
    done("evaluate", tmp_path / "npz")
    evaluated = json.loads((tmp_path / "npz" / "evaluation.json").read_text())
    assert evaluated["unit"] == "sequence" and evaluated["log_marginal"] == pytest.approx(mean, rel=1e-12)


def test_a_missing_symbol_is_an_empty_cell(tmp_path: Path) -> None:
    x = codes().astype(np.float64)
    x[3, 1] = x[10, 2] = np.nan
    write_csv(tmp_path / "x.csv", x)
    done("fit", "categorical-mixture", "--missing", "--data", tmp_path / "x.csv", "--out", tmp_path / "run", "--no-pictures")
    by_code = np.nan_to_num(x, nan=-1).astype(np.int64)
    expected = CategoricalMixture(2, n_categories=3, missing_values="allow", **TIGHT).fit(by_code)
    torch.testing.assert_close(load_run(tmp_path / "run").model.probabilities_, expected.probabilities_, rtol=0, atol=0)


def test_the_table_and_the_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = done("fit", "mixture", "--data", "iris", "-n", 3, "--seed", 1, "--out", folder)
    model = GaussianMixture(3, random_state=1, **TIGHT).fit(iris(torch.float64).x)
    assert (
        f"{model.score(iris(torch.float64).x):.4f}" in result.output
        and f"{model.bic(iris(torch.float64).x):.2f}" in result.output
    )
    assert f"{model.n_iter_}, converged" in result.output and "nats per example" in result.output
    assert (folder / "bound.png").read_bytes().startswith(b"\x89PNG")
    done("fit", "ppca", "--data", "iris", "-n", 1, "--out", tmp_path / "ppca")
    assert (tmp_path / "ppca" / "components.png").read_bytes().startswith(b"\x89PNG")


def test_what_did_not_converge_says_so(tmp_path: Path) -> None:
    result = done("fit", "mixture", "--data", "iris", "-n", 3, "--max-iter", 3, "--out", tmp_path / "run", "--no-pictures")
    assert "3, NOT converged" in result.output and settings(tmp_path / "run")["results"]["converged"] is False


def test_grey_images_are_binarized_by_a_threshold_for_a_bernoulli_mixture(tmp_path: Path) -> None:
    images = np.random.default_rng(9).integers(0, 256, (40, 2, 3)).astype(np.uint8)
    np.save(tmp_path / "x.npy", images)
    done(
        "fit", "bernoulli-mixture", "--data", tmp_path / "x.npy", "--divide-by", 255, "--binarize", "threshold",
        "--out", tmp_path / "run",
    )  # fmt: skip
    x = (images.reshape(40, 6) / 255 > 0.5).astype(np.float64)
    expected = BernoulliMixture(2, **TIGHT).fit(x)
    torch.testing.assert_close(load_run(tmp_path / "run").model.probabilities_, expected.probabilities_, rtol=0, atol=0)
    assert settings(tmp_path / "run")["image_shape"] == [2, 3] and (tmp_path / "run" / "components.png").is_file()


def test_evaluation_of_other_data_is_exact_and_its_bits_are_of_the_observed_values(tmp_path: Path) -> None:
    x, fresh = clouds(), with_gaps(clouds(31, seed=11), share=0.2)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "fresh.npy", fresh)
    done(
        "fit", "factor-analysis", "-n", 1, "--missing", "--data", tmp_path / "x.npy", "--out", tmp_path / "run", "--no-pictures"
    )
    done("evaluate", tmp_path / "run", "--data", tmp_path / "fresh.npy")
    values = FactorAnalysis(1, missing_values="allow").fit(x).log_marginal(fresh)
    found = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert found["exact"] and found["of_a_density"] and found["n_examples"] == 31
    assert found["log_marginal"] == pytest.approx(float(values.mean()), rel=1e-12)
    assert found["standard_error_over_examples"] == pytest.approx(float(values.std()) / math.sqrt(31), rel=1e-12)
    assert found["bits_per_dim"] == pytest.approx(-float(values.sum()) / np.isfinite(fresh).sum() / math.log(2), rel=1e-12)
    rows = list(csv.DictReader((tmp_path / "run" / "evaluation.csv").open()))
    np.testing.assert_allclose([float(row["log_marginal"]) for row in rows], values.numpy(), rtol=1e-12)


def test_what_the_fit_has_never_seen_has_probability_0_unless_there_is_a_prior(tmp_path: Path) -> None:
    x = bits()
    x[:, 2] = 0
    fresh = x.copy()
    fresh[3, 2] = fresh[9, 2] = 1
    for name, values in [("x", x), ("fresh", fresh)]:
        np.save(tmp_path / f"{name}.npy", values)
    common = ["fit", "bernoulli-mixture", "--data", tmp_path / "x.npy", "--no-pictures", "--out"]
    done(*common, tmp_path / "none")
    done(*common, tmp_path / "prior", "--prior", 2)
    result = done("evaluate", tmp_path / "none", "--data", tmp_path / "fresh.npy")
    found = json.loads((tmp_path / "none" / "evaluation.json").read_text())
    assert found["n_impossible"] == 2 and found["log_marginal"] == -math.inf and "examples of probability 0" in result.output
    done("evaluate", tmp_path / "prior", "--data", tmp_path / "fresh.npy")
    found = json.loads((tmp_path / "prior" / "evaluation.json").read_text())
    expected = BernoulliMixture(2, probabilities_prior=2.0, **TIGHT).fit(x).score(fresh)
    assert found["n_impossible"] == 0 and found["log_marginal"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind, n_columns", [("mixture", 3), ("ppca", 3)])
def test_samples_of_an_exact_model(tmp_path: Path, kind: str, n_columns: int) -> None:
    np.save(tmp_path / "x.npy", clouds())
    done("fit", kind, "--data", tmp_path / "x.npy", "--out", tmp_path / "run", "--no-pictures")
    done("sample", tmp_path / "run", "-o", tmp_path / "s.npy", "-n", 17, "--seed", 5)
    done("sample", tmp_path / "run", "-o", tmp_path / "s.csv", "-n", 17, "--seed", 5)
    expected = load_run(tmp_path / "run").model.sample(17, 5)[0].numpy()
    np.testing.assert_array_equal(np.load(tmp_path / "s.npy"), expected)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1), expected)


def test_reconstruction_and_traversal_of_factors(tmp_path: Path) -> None:
    x = clouds()
    np.save(tmp_path / "x.npy", x)
    done("fit", "ppca", "-n", 2, "--data", tmp_path / "x.npy", "--out", tmp_path / "run", "--no-pictures")
    done("reconstruct", tmp_path / "run", "-o", tmp_path / "r.npy", "-n", 7)
    model = ProbabilisticPCA(2).fit(x)
    again = model.inverse_transform(model.transform(x[:7]))
    np.testing.assert_allclose(np.load(tmp_path / "r.npy"), again.numpy(), rtol=1e-12, atol=1e-12)
    done("traverse", tmp_path / "run", "-o", tmp_path / "t.npy", "--dimension", "1", "--from", -1, "--to", 2, "--steps", 4)
    z = torch.stack([torch.zeros(4), torch.linspace(-1, 2, 4)], dim=1).double()
    np.testing.assert_allclose(np.load(tmp_path / "t.npy")[0], model.inverse_transform(z).numpy(), rtol=1e-12, atol=1e-12)
