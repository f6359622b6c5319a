"""The Hansards' loader, and the form of link files."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
from pathlib import Path

import pytest

from lvmlib import data
from lvmlib.data import parallel_text
from lvmlib.data.files import PublishedFile
from lvmlib.data.parallel_text import TextFile, parse_links

# sentences and links of our own, in the form of the published files
ENGLISH = b"the house .\nblue flowers\nyes\n"
FRENCH = "la maison .\nfleurs bleues\noui\u0085 monsieur\n".encode()
GOLD = b"0001 1 1 S\n0001 2 2 S\n0001 3 3 P\n0002 1 2 S\n0002 2 1 P\n"


def local(path: str) -> None:
    """Skip a test that needs a published file which no local folder holds."""
    folder = os.environ.get("LVMLIB_DATA")
    if not folder:
        pytest.skip("LVMLIB_DATA is not set: it would name a folder with the published files")
    if not (Path(folder) / path).is_file():
        pytest.skip(f"the folder that LVMLIB_DATA names holds no {path}")


def text_file(path: str, content: bytes, packed: bytes | None = None) -> TextFile:
    def published(path: str, content: bytes) -> PublishedFile:
        return PublishedFile(path, len(content), hashlib.sha256(content).hexdigest(), ())

    return TextFile(published(path, content), None if packed is None else published(f"{path}.gz", packed))


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with a small corpus of the same form: the first two training pairs are the test pairs."""
    contents = {
        "train": {"english": ("train.e", ENGLISH), "french": ("train.f", FRENCH)},
        "test": {"english": ("test.e", ENGLISH[:25]), "french": ("test.f", FRENCH[:26]), "links": ("test.wa", GOLD)},
    }
    texts = {}
    for split, files in contents.items():
        texts[split] = {}
        for kind, (name, content) in files.items():
            packed = gzip.compress(content, mtime=0)
            (tmp_path / f"hansards-{name}.gz").write_bytes(packed)
            texts[split][kind] = text_file(f"hansards-{name}", content, packed)
    monkeypatch.setattr(parallel_text, "TEXTS", texts)
    monkeypatch.setattr(parallel_text, "N_TEST", 2)
    return tmp_path


class TestPublished:
    """The real files, where a local folder holds them."""

    def test_train(self):
        local("hansards/combination25000.e.gz")
        train = data.hansards()
        assert len(train) == 25_000 == len(train.target) and train.sure is None and train.possible is None
        assert min(map(len, train.source)) >= 1 <= min(map(len, train.target))
        assert (train.languages, train.licence) == (("English", "French"), "none stated")
        assert repr(train) == "ParallelText(hansards, train: 25,000 pairs English to French, without links; licence: none stated)"

    def test_with_the_test_pairs_it_has_the_published_words(self):
        local("hansards/combination25000.e.gz")
        train, test = data.hansards(), data.hansards("test")
        for side, tokens, types in [("source", 456_508, 14_738), ("target", 541_241, 18_772)]:
            words = [word for part in (test, train) for sentence in getattr(part, side) for word in sentence]
            assert (len(words), len(set(words))) == (tokens, types)

    @pytest.mark.parametrize(
        ("split", "n_pairs", "n_sure", "n_possible"), [("test", 447, 4_038, 17_438), ("dev", 37, 338, 1_784)]
    )
    def test_gold(self, split, n_pairs, n_sure, n_possible):
        local("hansards/test.wa.nonullalign.gz")
        gold = data.hansards(split)
        assert len(gold) == len(gold.target) == len(gold.sure) == len(gold.possible) == n_pairs
        assert (sum(map(len, gold.sure)), sum(map(len, gold.possible))) == (n_sure, n_possible)
        assert all(sure <= possible for sure, possible in zip(gold.sure, gold.possible))

    def test_links_are_between_translations(self):
        local("hansards/test.wa.nonullalign.gz")
        test = data.hansards("test")
        linked = {(test.source[n][i].lower(), test.target[n][j].lower()) for n in range(447) for i, j in test.sure[n]}
        assert {("house", "chambre"), ("oh", "oh"), ("we", "nous"), ("canada", "canada")} <= linked


class TestLoader:
    def test_the_training_pairs_are_those_after_the_test_pairs(self, small):
        train = data.hansards("train", root=small)
        # U+0085 ends a line for str.splitlines, but not in these files
        assert (train.source, train.target) == ((("yes",),), (("oui", "monsieur"),))

    def test_links_count_from_0(self, small):
        test = data.hansards("test", root=small)
        assert test.source == (("the", "house", "."), ("blue", "flowers"))
        assert test.sure == ({(0, 0), (1, 1)}, {(0, 1)})
        assert test.possible == ({(0, 0), (1, 1), (2, 2)}, {(0, 1), (1, 0)})

    def test_the_environment_names_the_folder(self, small, monkeypatch):
        monkeypatch.setenv("LVMLIB_DATA", str(small))
        assert len(data.hansards("test")) == 2

    def test_a_plain_file_does_as_well(self, small):
        (small / "hansards-test.e.gz").unlink()
        (small / "hansards-test.e").write_bytes(ENGLISH[:25])
        assert data.hansards("test", root=small).source[1] == ("blue", "flowers")

    def test_a_damaged_file_is_refused(self, small):
        path = small / "hansards-test.e.gz"
        path.write_bytes(gzip.compress(b"the mouse .\nblue flowers\n", mtime=0))
        with pytest.raises(data.DatasetUnavailable, match="is not the published file|is truncated"):
            data.hansards("test", root=small)

    def test_an_empty_folder(self, tmp_path):
        with pytest.raises(data.DatasetUnavailable, match="no file hansards/combination25000.e"):
            data.hansards(root=tmp_path)

    def test_splits_are_named(self):
        with pytest.raises(ValueError, match="split must be one of 'train', 'test', 'dev', got 'trial'"):
            data.hansards("trial")

    def test_docstring_says_licence_and_source(self):
        assert "Licence:" in data.hansards.__doc__ and "Source:" in data.hansards.__doc__

    def test_a_record_cannot_be_changed(self, small):
        with pytest.raises(dataclasses.FrozenInstanceError):
            data.hansards("test", root=small).name = "debates"


class TestLinkLines:
    SOURCE, TARGET = (("a", "b"), ("c",)), (("x",), ("y", "z", "w"))

    def test_sure_is_possible_and_no_mark_is_sure(self):
        sure, possible = parse_links(["1 2 1", "2 1 3 P", "", "2 1 1 S"], self.SOURCE, self.TARGET)
        assert sure == ({(1, 0)}, {(0, 0)}) and possible == ({(1, 0)}, {(0, 0), (0, 2)})

    @pytest.mark.parametrize("line", ["1 1", "1 1 1 X", "a 1 1 S", "1 1 -1 S", "1 1 1 S S"])
    def test_other_forms_are_refused(self, line):
        with pytest.raises(ValueError, match="line 2 must be"):
            parse_links(["1 1 1 S", line], self.SOURCE, self.TARGET)

    @pytest.mark.parametrize("line", ["3 1 1 S", "1 3 1 S", "1 1 2 P", "2 0 1 S", "0 1 1 S"])
    def test_links_outside_the_sentences_are_refused(self, line):
        with pytest.raises(ValueError, match="line 1, .* outside the sentences"):
            parse_links([line], self.SOURCE, self.TARGET)
