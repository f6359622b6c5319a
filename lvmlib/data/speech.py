"""Spoken digits, one a recording, and sequences of them made by joining recordings."""

from __future__ import annotations

import io
import os
import wave
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lvmlib.data.assembled import AssembledArchive
from lvmlib.data.files import DatasetUnavailable, PublishedFile
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_at_least, check_dtype

FSDD = PublishedFile(
    "fsdd/fsdd_takes_0-9.zip",
    3_202_755,
    "26a23de419679c107f34bfaffc7b1de3974df6dce844eccece008548251d36a1",
    (),  # the repository publishes the recordings one by one, as below
)
RECORDINGS = AssembledArchive(
    PublishedFile(
        "fsdd/recordings_takes_0-9.zip", 4_269_940, "4ec877fa5173f31cf12c658c8ff07266421b1fe59a613893b394cd8e7ba5a4fa", ()
    ),
    "https://raw.githubusercontent.com/Jakobovski/free-spoken-digit-dataset/26eb9aa/recordings",
    tuple(
        f"{digit}_{speaker}_{take}.wav"
        for digit in range(10)
        for speaker in ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
        for take in range(10)
    ),
)
"""The same files."""
SAMPLE_RATE = 8_000
LICENCE = "CC BY-SA 4.0: credit the authors, and share changed versions under the same licence"


@dataclass(frozen=True, eq=False)
class SpokenDigits:
    """Recordings of one digit each, padded with zeros to the longest."""

    waveforms: Float[Tensor, "recordings samples"]
    """In [-1, 1): the 16-bit samples over 32,768."""
    lengths: Int[Tensor, " recordings"]
    """Samples of each."""
    digits: Int[Tensor, " recordings"]
    speakers: Int[Tensor, " recordings"]
    """Index into ``speaker_names``."""
    takes: Int[Tensor, " recordings"]
    speaker_names: tuple[str, ...]
    sample_rate: int = SAMPLE_RATE
    """Hertz."""
    licence: str = LICENCE
    source: str = "github.com/Jakobovski/free-spoken-digit-dataset, recordings/, commit 26eb9aa"
    citation: str = (
        "Z. Jackson, C. Souza, J. Flaks, Y. Pan, H. Nicolas, A. Thite, Jakobovski/free-spoken-digit-dataset, Zenodo, 2018"
    )

    def of(self, speakers: Collection[str]) -> SpokenDigits:
        """Those of some speakers alone; they keep their numbers and names.

        Raises
        ------
        ValueError
            If one is not a speaker, or none is given.
        """
        unknown = [name for name in speakers if name not in self.speaker_names]
        if unknown or not speakers:
            raise ValueError(f"speakers must be some of {', '.join(self.speaker_names)}, got {', '.join(unknown) or 'none'}")
        wanted = torch.tensor([self.speaker_names.index(name) for name in speakers])
        kept = torch.isin(self.speakers, wanted).nonzero()[:, 0]
        return SpokenDigits(
            self.waveforms[kept], self.lengths[kept], self.digits[kept], self.speakers[kept], self.takes[kept],
            self.speaker_names, self.sample_rate, self.licence, self.source, self.citation,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.digits)

    def __repr__(self) -> str:
        seconds = int(self.lengths.sum()) / self.sample_rate
        return f"SpokenDigits({len(self)} recordings, {seconds:.1f} s at {self.sample_rate:,} Hz; licence: {self.licence})"


@dataclass(frozen=True, eq=False)
class ConnectedDigits:
    """Sequences of digits, each spoken by one speaker, padded to the longest."""

    waveforms: Float[Tensor, "batch samples"]
    lengths: Int[Tensor, " batch"]
    """Samples of each sequence."""
    digits: Int[Tensor, "batch labels"]
    """-1 beyond a sequence's number of digits."""
    n_digits: Int[Tensor, " batch"]
    spans: Int[Tensor, "batch labels 2"]
    """First sample of each digit's recording and the first after it: where the labels really are. -1 beyond."""
    speakers: Int[Tensor, " batch"]
    sample_rate: int


def spoken_digits(dtype: torch.dtype = torch.float32, root: str | os.PathLike | None = None) -> SpokenDigits:
    """Free Spoken Digit Dataset, takes 0 to 9: six speakers say each of ten digits ten times, at 8,000 Hz.

    Licence: Creative Commons Attribution-ShareAlike 4.0. Source:
    github.com/Jakobovski/free-spoken-digit-dataset, recordings/ at commit 26eb9aa, 600 files.
    They are looked for in one archive, ``fsdd/fsdd_takes_0-9.zip`` (3,202,755 bytes), where
    :mod:`lvmlib.data` says, and otherwise downloaded one by one into an archive in the cache;
    either is used only if its SHA-256 is the one written here. By the authors' rule takes 0 to
    4 are for testing where speakers are not held out.

    Parameters
    ----------
    dtype
        torch.float32 or torch.float64.
    root
        A folder that holds ``fsdd/fsdd_takes_0-9.zip``; nothing else is tried then.

    Raises
    ------
    ValueError
        If ``dtype`` is another one, or ``root`` is not a folder.
    DatasetUnavailable
        If the file is not to be had, or is not the published one.

    References
    ----------
    Jackson et al., Jakobovski/free-spoken-digit-dataset, Zenodo, 2018.
    """
    check_dtype(dtype)
    with zipfile.ZipFile(_archive(root)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".wav"))
        signals = [read_wave(archive.read(name), name) for name in names]
    fields = [os.path.basename(name).removesuffix(".wav").split("_") for name in names]  # digit, speaker, take
    speaker_names = tuple(sorted({speaker for _, speaker, _ in fields}))
    waveforms = torch.zeros(len(names), max(map(len, signals)), dtype=dtype)
    for row, signal in zip(waveforms, signals):
        row[: len(signal)] = torch.from_numpy(signal.astype(np.float64) / 32_768)
    return SpokenDigits(
        waveforms,
        torch.tensor([len(signal) for signal in signals]),
        torch.tensor([int(digit) for digit, _, _ in fields]),
        torch.tensor([speaker_names.index(speaker) for _, speaker, _ in fields]),
        torch.tensor([int(take) for _, _, take in fields]),
        speaker_names,
    )


def _archive(root: str | os.PathLike | None) -> Path:
    try:
        return FSDD.find(root)
    except DatasetUnavailable:
        folder = os.environ.get("LVMLIB_DATA")
        if root is not None or (folder and (not Path(folder).is_dir() or (Path(folder) / FSDD.path).exists())):
            raise  # a folder was named, and what it holds is wrong
        return RECORDINGS.find()


def read_wave(content: bytes, name: str = "content") -> np.ndarray:
    """The samples of a WAV file, int16 (samples,): mono, 16 bits, 8,000 Hz, and no other.

    Raises
    ------
    ValueError
        If it is not such a file.
    """
    try:
        with wave.open(io.BytesIO(content)) as file:
            form = file.getnchannels(), file.getsampwidth(), file.getframerate()
            samples = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{name} is not a WAV file: {error or 'it is truncated'}") from error
    if form != (1, 2, SAMPLE_RATE):
        given = f"{form[0]} channels, {8 * form[1]} bits, {form[2]} Hz"
        raise ValueError(f"{name} must be mono, 16 bits, {SAMPLE_RATE} Hz, got {given}")
    return np.frombuffer(samples, dtype="<i2")


def connected_digits(
    recordings: SpokenDigits,
    n_sequences: int,
    digits_per_sequence: tuple[int, int],
    generator: Seed,
    *,
    pause: tuple[float, float] = (0.05, 0.3),
    noise: float = 1e-3,
) -> ConnectedDigits:
    """Sequences of digits: recordings of one speaker, drawn with replacement and joined with pauses.

    Parameters
    ----------
    digits_per_sequence
        The fewest and the most; each number between is as probable.
    generator
        A generator or a seed.
    pause
        The shortest and the longest pause in seconds, before, between and after the digits.
    noise
        Standard deviation of white noise over the whole, so that a pause is not told by its zeros.

    Raises
    ------
    ValueError
        If there are no recordings, ``n_sequences`` is below 1, a range is not one, or ``noise`` is negative.
    """
    check_at_least("n_sequences", n_sequences, 1)
    check_at_least("noise", noise, 0)
    fewest, most = digits_per_sequence
    if not 1 <= fewest <= most:
        raise ValueError(f"digits_per_sequence must be the fewest, at least 1, and the most, got {digits_per_sequence}")
    if not 0 <= pause[0] <= pause[1]:
        raise ValueError(f"pause must be the shortest, at least 0, and the longest in seconds, got {pause}")
    if len(recordings) == 0:
        raise ValueError("recordings must hold at least one recording, got none")
    generator = as_generator(generator)
    shortest, longest = (round(seconds * recordings.sample_rate) for seconds in pause)

    speakers = recordings.speakers.unique()
    sequences: list[Tensor] = []
    digits, spans = torch.full((n_sequences, most), -1), torch.full((n_sequences, most, 2), -1)
    n_digits = torch.randint(fewest, most + 1, (n_sequences,), generator=generator)
    chosen = speakers[torch.randint(len(speakers), (n_sequences,), generator=generator)]
    for n in range(n_sequences):
        count = int(n_digits[n])
        own = (recordings.speakers == chosen[n]).nonzero()[:, 0]
        picked = own[torch.randint(len(own), (count,), generator=generator)]
        pauses = torch.randint(shortest, longest + 1, (count + 1,), generator=generator).tolist()
        parts, at = [recordings.waveforms.new_zeros(pauses[0])], pauses[0]
        for u, index in enumerate(picked.tolist()):
            length = int(recordings.lengths[index])
            digits[n, u], spans[n, u] = recordings.digits[index], torch.tensor([at, at + length])
            parts += [recordings.waveforms[index, :length], recordings.waveforms.new_zeros(pauses[u + 1])]
            at += length + pauses[u + 1]
        joined = torch.cat(parts)
        sequences.append(joined + noise * torch.randn(len(joined), generator=generator, dtype=joined.dtype))
    return ConnectedDigits(
        torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True),
        torch.tensor([len(sequence) for sequence in sequences]),
        digits,
        n_digits,
        spans,
        chosen,
        recordings.sample_rate,
    )
