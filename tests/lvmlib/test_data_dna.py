"""The DNA loaders: what the published files hold, and what comes of other files."""

import gzip
import hashlib
import os
from pathlib import Path

import pytest
import torch

from lvmlib import data
from lvmlib.data import dna
from lvmlib.data.files import PublishedFile
from lvmlib.exact.mixture import CategoricalMixture


def local(path):
    """Skip a test that needs a published file which no local folder holds."""
    folder = os.environ.get("LVMLIB_DATA")
    if not folder:
        pytest.skip("LVMLIB_DATA is not set: it would name a folder with the published files")
    if not (Path(folder) / path).is_file():
        pytest.skip(f"the folder that LVMLIB_DATA names holds no {path}")


def published(path, content):
    return PublishedFile(path, len(content), hashlib.sha256(content).hexdigest(), ())


def letters(dataset, row):
    return "".join("ACGT"[code] if code >= 0 else "?" for code in dataset.x[row].tolist())


def test_promoters():
    local("dna/promoters.data")
    promoters = data.promoters()
    assert promoters.x.shape == (106, 57) and promoters.x.dtype == torch.int64
    assert promoters.symbols == ("A", "C", "G", "T") and promoters.x.min() == 0 and promoters.x.max() == 3
    assert torch.bincount(promoters.labels).tolist() == [53, 53] and promoters.label_names[0] == "promoter"
    assert letters(promoters, 0) == "TACTAGCAATACGCTTGCGTTCGGTGGTTAAGTATGTATAATGCGCGGGCTTGTCGT"
    assert promoters.feature_names[0] == "position -50" and promoters.feature_names[-1] == "position +7"
    assert len(promoters.feature_names) == 57


def test_splice_junctions():
    local("dna/splice.arff.gz")
    splice = data.splice_junctions()
    assert splice.x.shape == (3190, 60)
    assert torch.bincount(splice.labels).tolist() == [767, 768, 1655]
    assert int((splice.x < 0).sum()) == 60 and splice.x.max() == 3
    donors = splice.x[splice.labels == 0]  # an intron begins with GT
    begins = [splice.feature_names.index("position +1"), splice.feature_names.index("position +2")]
    assert (donors[:, begins] == torch.tensor([2, 3])).double().mean() > 0.98


def test_a_categorical_mixture_finds_the_junctions_without_their_labels():
    """Three components, 60 letters missing: three quarters of each kind of junction fall into a component of its own.
    By chance a third would."""
    local("dna/splice.arff.gz")
    splice = data.splice_junctions()
    model = CategoricalMixture(
        3, n_categories=4, missing_values="allow", probabilities_prior=1.5, n_init=3, random_state=0, max_iter=60
    ).fit(splice.x)
    where = [torch.bincount(model.predict(splice.x[splice.labels == kind]), minlength=3).double() for kind in (0, 1)]
    assert where[0].argmax() != where[1].argmax()
    assert all(counts.max() / counts.sum() > 0.75 for counts in where)


SPLICE_FORM = b"% words\n@relation splice\n@data\nONE,A,C,N,EI\nTWO, T ,G,A, N\n"


def test_the_form_of_the_files(tmp_path, monkeypatch):
    """Files of our own in the published form: plain and compressed, letters that are ambiguous, padded fields."""
    (tmp_path / "dna").mkdir()
    (tmp_path / "dna/splice.arff").write_bytes(SPLICE_FORM)
    monkeypatch.setattr(dna, "SPLICE", published("dna/splice.arff", SPLICE_FORM))
    plain = data.splice_junctions(tmp_path)
    assert plain.x.tolist() == [[0, 1, -1], [3, 2, 0]] and plain.labels.tolist() == [0, 2]
    packed = gzip.compress(SPLICE_FORM, mtime=0)
    (tmp_path / "dna/splice.arff.gz").write_bytes(packed)
    monkeypatch.setattr(dna, "SPLICE_COMPRESSED", published("dna/splice.arff.gz", packed))
    assert torch.equal(data.splice_junctions(tmp_path).x, plain.x)
    promoters = b"+,S10,\t\tacgt\n-,X,\tttaa\n"
    (tmp_path / "dna/promoters.data").write_bytes(promoters)
    monkeypatch.setattr(dna, "PROMOTERS", published("dna/promoters.data", promoters))
    found = data.promoters(tmp_path)
    assert found.x.tolist() == [[0, 1, 2, 3], [3, 3, 0, 0]] and found.labels.tolist() == [0, 1]


@pytest.mark.parametrize("loader", [data.promoters, data.splice_junctions])
def test_bad_folders_and_files(loader, tmp_path):
    with pytest.raises(ValueError, match="root must be a folder"):
        loader(tmp_path / "nowhere")
    with pytest.raises(data.DatasetUnavailable, match="there is no file dna/"):
        loader(tmp_path)
    (tmp_path / "dna").mkdir()
    for name in ("promoters.data", "splice.arff"):
        (tmp_path / "dna" / name).write_text("x" * 400_000)
    with pytest.raises(data.DatasetUnavailable, match="is not the published file|is truncated"):
        loader(tmp_path)


@pytest.mark.parametrize("loader", [data.promoters, data.splice_junctions])
def test_docstring_says_licence_and_source(loader):
    assert "Licence:" in loader.__doc__ and "Source:" in loader.__doc__
