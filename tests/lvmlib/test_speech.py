"""Spoken digits: the loader, and sequences joined from recordings."""

import hashlib
import io
import os
import wave
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from lvmlib.data import speech
from lvmlib.data.assembled import AssembledArchive, stored_archive
from lvmlib.data.files import DatasetUnavailable, PublishedFile
from lvmlib.data.speech import SpokenDigits, connected_digits, read_wave, spoken_digits


def wav(samples, rate=8000, channels=1, width=2) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, dtype="<i2").tobytes())
    return content.getvalue()


def own_recordings() -> SpokenDigits:
    """Three speakers whose recordings hold numbers that tell them apart."""
    digits, speakers = torch.tensor([4, 7, 7, 1, 0]), torch.tensor([0, 0, 2, 2, 1])
    lengths = torch.tensor([60, 35, 50, 20, 44])
    waveforms = torch.zeros(5, 60, dtype=torch.float64)
    for n, length in enumerate(lengths.tolist()):
        waveforms[n, :length] = 10.0 * (n + 1) + torch.arange(length) / 100
    return SpokenDigits(waveforms, lengths, digits, speakers, torch.zeros(5, dtype=torch.int64), ("a", "b", "c"), 1000)


class TestLoader:
    def test_published(self):
        folder = os.environ.get("LVMLIB_DATA")
        if not folder or not (Path(folder) / speech.FSDD.path).is_file():
            pytest.skip(f"no local folder (LVMLIB_DATA) holds {speech.FSDD.path}")
        loaded = spoken_digits()
        assert len(loaded) == 600 and loaded.sample_rate == 8000 and loaded.waveforms.dtype == torch.float32
        assert loaded.speaker_names == ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
        combinations = torch.stack([loaded.digits, loaded.speakers, loaded.takes], dim=1).unique(dim=0)
        assert len(combinations) == 600
        # as published: 261.3 s in all, 0.14 to 1.31 s each
        assert loaded.lengths.sum().item() / 8000 == pytest.approx(261.3, abs=0.05)
        assert (loaded.lengths.min() / 8000).item() == pytest.approx(0.14, abs=0.005)
        assert (loaded.lengths.max() / 8000).item() == pytest.approx(1.31, abs=0.005)
        assert (loaded.waveforms.std(dim=1) > 0).all() and loaded.waveforms.abs().max() <= 1
        assert len(loaded.of(["theo"])) == 100

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_form(self, tmp_path, monkeypatch, dtype):
        """On a small archive of our own in the published form."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("7_zoe_3.wav", wav([1, -2, 32767, -32768]))
            archive.writestr("0_ann_12.wav", wav([5, 6]))
        (tmp_path / "fsdd").mkdir()
        (tmp_path / "fsdd/small.zip").write_bytes(content.getvalue())
        digest = hashlib.sha256(content.getvalue()).hexdigest()
        monkeypatch.setattr(speech, "FSDD", PublishedFile("fsdd/small.zip", len(content.getvalue()), digest, ()))
        loaded = spoken_digits(dtype, root=tmp_path)
        assert loaded.waveforms.dtype == dtype
        assert (loaded.waveforms * 32768).tolist() == [[5, 6, 0, 0], [1, -2, 32767, -32768]]
        assert (loaded.lengths.tolist(), loaded.digits.tolist(), loaded.takes.tolist()) == ([2, 4], [0, 7], [12, 3])
        assert loaded.speaker_names == ("ann", "zoe") and loaded.speakers.tolist() == [0, 1]

    def test_absent(self, tmp_path):
        with pytest.raises(DatasetUnavailable, match="fsdd_takes_0-9.zip"):
            spoken_digits(root=tmp_path)
        with pytest.raises(ValueError, match="dtype must be"):
            spoken_digits(torch.int16)
        assert "Licence:" in spoken_digits.__doc__ and "Source:" in spoken_digits.__doc__

    def test_of_speakers(self):
        kept = own_recordings().of(["c", "b"])
        assert kept.digits.tolist() == [7, 1, 0] and kept.speakers.tolist() == [2, 2, 1] and kept.lengths.tolist() == [50, 20, 44]
        with pytest.raises(ValueError, match="speakers must be some of a, b, c, got d"):
            own_recordings().of(["a", "d"])
        with pytest.raises(ValueError, match="got none"):
            own_recordings().of([])

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"", "one is not a WAV file"),
            (b"RIFF and more", "one is not a WAV file"),
            (wav([1, 2], rate=16000), "mono, 16 bits, 8000 Hz, got 1 channels, 16 bits, 16000 Hz"),
            (wav([1, 2], channels=2), "got 2 channels"),
            (wav([1, 2], width=1), "got 1 channels, 8 bits"),
        ],
    )
    def test_other_sounds_are_refused(self, content, complaint):
        with pytest.raises(ValueError, match=complaint):
            read_wave(content, "one")


class TestDownload:
    """From a folder that stands for the repository."""

    MEMBERS = {"3_ann_0.wav": wav([1, 2, 3]), "5_zoe_1.wav": wav([7, 8])}

    @pytest.fixture
    def repository(self, tmp_path, monkeypatch):
        monkeypatch.delenv("LVMLIB_DATA", raising=False)
        monkeypatch.setenv("LVMLIB_CACHE", str(tmp_path / "cache"))
        folder = tmp_path / "repository"
        folder.mkdir()
        for name, content in self.MEMBERS.items():
            (folder / name).write_bytes(content)
        whole = stored_archive(self.MEMBERS)
        file = PublishedFile("fsdd/recordings.zip", len(whole), hashlib.sha256(whole).hexdigest(), ())
        monkeypatch.setattr(speech, "RECORDINGS", AssembledArchive(file, folder.as_uri(), tuple(self.MEMBERS)))
        return folder

    def test_into_the_cache(self, repository):
        assert spoken_digits().digits.tolist() == [3, 5]
        for path in repository.iterdir():
            path.unlink()
        assert spoken_digits().lengths.tolist() == [3, 2]  # from the cache

    def test_a_changed_recording_is_refused_and_not_kept(self, repository, tmp_path):
        (repository / "3_ann_0.wav").write_bytes(wav([1, 2, 4]))
        with pytest.raises(DatasetUnavailable, match="is not the published file"):
            spoken_digits()
        assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []

    def test_a_missing_recording_is_named(self, repository):
        (repository / "5_zoe_1.wav").unlink()
        with pytest.raises(DatasetUnavailable, match="5_zoe_1.wav is not to be had"):
            spoken_digits()

    def test_a_local_folder_that_is_wrong_is_not_passed_over(self, repository, tmp_path, monkeypatch):
        (tmp_path / "data/fsdd").mkdir(parents=True)
        (tmp_path / "data/fsdd/fsdd_takes_0-9.zip").write_bytes(b"something else")
        monkeypatch.setenv("LVMLIB_DATA", str(tmp_path / "data"))
        with pytest.raises(DatasetUnavailable, match="is truncated"):
            spoken_digits()

    def test_the_published_recordings_make_the_archive_that_is_expected(self):
        folder = os.environ.get("LVMLIB_DATA")
        if not folder or not (Path(folder) / speech.FSDD.path).is_file():
            pytest.skip(f"no local folder (LVMLIB_DATA) holds {speech.FSDD.path}")
        with zipfile.ZipFile(Path(folder) / speech.FSDD.path) as archive:
            whole = stored_archive({name: archive.read(name) for name in speech.RECORDINGS.names})
        assert len(whole) == speech.RECORDINGS.file.size
        assert hashlib.sha256(whole).hexdigest() == speech.RECORDINGS.file.sha256


class TestConnected:
    def test_each_span_holds_its_recording(self):
        recordings = own_recordings()
        joined = connected_digits(recordings, 40, (2, 5), 3, pause=(0.004, 0.02), noise=0.0)
        assert joined.n_digits.unique().tolist() == [2, 3, 4, 5] and joined.digits.shape == (40, 5)
        used = set()
        for n in range(40):
            count, end = int(joined.n_digits[n]), 0
            silent = torch.ones(int(joined.lengths[n]), dtype=torch.bool)
            for u in range(count):
                first, last = joined.spans[n, u].tolist()
                assert 4 <= first - end <= 20
                samples = joined.waveforms[n, first:last]
                recording = int(samples[0]) // 10 - 1
                assert torch.equal(samples, recordings.waveforms[recording, : recordings.lengths[recording]])
                assert joined.digits[n, u] == recordings.digits[recording]
                assert joined.speakers[n] == recordings.speakers[recording]
                silent[first:last], end = False, last
                used.add(recording)
            assert 4 <= joined.lengths[n] - end <= 20
            assert (joined.waveforms[n, : joined.lengths[n]][silent] == 0).all()
            assert (joined.digits[n, count:] == -1).all() and (joined.spans[n, count:] == -1).all()
            assert (joined.waveforms[n, joined.lengths[n] :] == 0).all()
        assert used == set(range(5))

    def test_noise(self):
        joined = connected_digits(own_recordings(), 30, (3, 3), 4, pause=(1.0, 1.0), noise=0.02)
        pauses = joined.waveforms[:, :1000]
        # the standard deviation of 30,000 normal numbers: to five standard errors, 0.02 / √60,000 each
        assert abs(pauses.std().item() - 0.02) < 5 * 0.02 / 60_000**0.5

    def test_a_seed_reproduces(self):
        first, second, other = (connected_digits(own_recordings(), 3, (1, 4), seed) for seed in (1, 1, 2))
        assert torch.equal(first.waveforms, second.waveforms) and torch.equal(first.digits, second.digits)
        assert first.waveforms.shape != other.waveforms.shape or not torch.equal(first.waveforms, other.waveforms)

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"n_sequences": 0}, "n_sequences must be at least 1"),
            ({"digits_per_sequence": (0, 3)}, "digits_per_sequence must be the fewest, at least 1"),
            ({"digits_per_sequence": (4, 3)}, "digits_per_sequence"),
            ({"pause": (0.3, 0.1)}, "pause must be the shortest"),
            ({"noise": -1.0}, "noise must be at least 0"),
        ],
    )
    def test_bad_input(self, change, complaint):
        with pytest.raises(ValueError, match=complaint):
            given = {"recordings": own_recordings(), "n_sequences": 2, "digits_per_sequence": (1, 3), "generator": 0}
            connected_digits(**{**given, **change})
