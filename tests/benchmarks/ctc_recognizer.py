"""Label error rate on connected digits of a speaker whom the recognizer never heard.

Recordings of the Free Spoken Digit Dataset are joined into sequences. One speaker is held out
for testing, the next for validation, four are trained on; each speaker in turn is the one held
out. Training hears new sequences at every step, at other speeds, with other noise and with
other resonances, as other voices would have. How it is trained was tried out with george as
the tested speaker, so his figure may flatter; nothing was chosen on the other five. Run as::

    python tests/benchmarks/ctc_recognizer.py                     # all six speakers, some minutes each
    python tests/benchmarks/ctc_recognizer.py --test george       # one of them
    python tests/benchmarks/ctc_recognizer.py --quick             # a trial; no report is written

It writes ``results/reports/ctc_recognizer.json`` and the picture ``build/ctc_digits.png``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmark_record import use_cores, write_report  # noqa: E402

from lvmlib.data.spectrogram import LogMelSpectrogram  # noqa: E402
from lvmlib.data.speech import SAMPLE_RATE, ConnectedDigits, SpokenDigits, connected_digits, spoken_digits  # noqa: E402
from lvmlib.exact.ctc import (  # noqa: E402
    CTCRecognizer,
    LabelledFeatures,
    best_alignment,
    ctc_posterior,
    label_error_rate,
    train_recognizer,
)

SPECTROGRAM = LogMelSpectrogram(SAMPLE_RATE, n_mels=24)
DIGITS = (3, 7)
"""In a sequence. Digit d is label d + 1; 0 is the blank."""
SPEEDS = (0.8, 0.87, 0.94, 1.0, 1.07, 1.15, 1.25)
BATCH = 16
BEAM_WIDTH = 16
PICTURE = Path(__file__).parents[2] / "build" / "ctc_digits.png"


def equally_loud(recordings: SpokenDigits, root_mean_square: float = 0.05) -> SpokenDigits:
    """Speakers recorded themselves so that one is thirteen times as loud as another."""
    power = recordings.waveforms.square().sum(dim=1, keepdim=True) / recordings.lengths[:, None]
    return replace(recordings, waveforms=recordings.waveforms * root_mean_square / power.sqrt())


def at_speed(recordings: SpokenDigits, speed: float) -> SpokenDigits:
    """Faster and higher, by linear interpolation between samples."""
    samples = round(recordings.waveforms.shape[1] / speed)
    waveforms = torch.nn.functional.interpolate(
        recordings.waveforms[:, None], size=samples, mode="linear", align_corners=False
    )
    return replace(recordings, waveforms=waveforms[:, 0], lengths=(recordings.lengths / speed).floor().long())


def features_of(sequences: ConnectedDigits) -> LabelledFeatures:
    lengths = SPECTROGRAM.n_frames(sequences.lengths)
    return LabelledFeatures(SPECTROGRAM(sequences.waveforms), lengths, sequences.digits + 1, sequences.n_digits)


def training_batches(recordings: SpokenDigits, n_steps: int, generator: torch.Generator) -> Iterator[LabelledFeatures]:
    """Single digits first, so that what they sound like is learned before where they are; sequences after."""
    versions = [at_speed(recordings, speed) for speed in SPEEDS]
    for step in range(n_steps):
        n_sequences, digits = (3 * BATCH, (1, 1)) if step < n_steps // 3 else (BATCH, DIGITS)
        version = versions[int(torch.randint(len(versions), (), generator=generator))]
        noise = 10 ** float(-3.5 + torch.rand((), generator=generator))
        batch = features_of(connected_digits(version, n_sequences, digits, generator, noise=noise))
        yield replace(batch, features=without_a_band(warped(batch.features, generator), generator))


def warped(features: Tensor, generator: torch.Generator) -> Tensor:
    """Resonances 15 % lower to 15 % higher in mel, by another factor in each example: another length of throat."""
    batch, _, bands = features.shape
    factor = 0.85 + 0.3 * torch.rand(batch, 1, generator=generator)
    source = (torch.arange(bands) * factor).clamp(max=bands - 1)[:, None].expand_as(features)
    below = source.floor().long()
    share = source - below
    return features.gather(2, below) * (1 - share) + features.gather(2, (below + 1).clamp(max=bands - 1)) * share


def without_a_band(features: Tensor, generator: torch.Generator) -> Tensor:
    """Up to a fifth of the frequencies constant over time, which is 0 once standardized."""
    bands = features.shape[2]
    lowest, width = (int(torch.randint(most, (), generator=generator)) for most in (bands, bands // 5 + 1))
    return torch.where((torch.arange(bands) >= lowest) & (torch.arange(bands) < lowest + width), 0.0, features)


def label_errors(recognizer: CTCRecognizer, batch: LabelledFeatures) -> dict[str, float]:
    spoken = [row[:count].tolist() for row, count in zip(batch.targets, batch.target_lengths)]
    found = {
        "best_path": recognizer.recognize(batch.features, batch.lengths),
        "beam_search": recognizer.recognize(batch.features, batch.lengths, beam_width=BEAM_WIDTH),
    }
    return {name: label_error_rate([h.labels for h in hypotheses], spoken) for name, hypotheses in found.items()}


def hold_out(recordings: SpokenDigits, tested: str, n_steps: int, n_test: int) -> tuple[dict, CTCRecognizer, ConnectedDigits]:
    names = recordings.speaker_names
    validated = names[(names.index(tested) + 1) % len(names)]
    heard = [name for name in names if name not in (tested, validated)]
    began = time.perf_counter()
    recognizer = CTCRecognizer(SPECTROGRAM.n_mels, 10, dropout=0.2, random_state=1)
    batches = training_batches(recordings.of(heard), n_steps, torch.Generator().manual_seed(2))
    history = train_recognizer(recognizer, batches, n_steps, learning_rate=5e-3, random_state=3)
    test = connected_digits(recordings.of([tested]), n_test, DIGITS, 4)
    measured = {
        "tested": tested,
        "validated": validated,
        "heard": heard,
        "log_marginal_per_label_at_the_end": float(history[-20:].mean()),
        "validation": label_errors(recognizer, features_of(connected_digits(recordings.of([validated]), n_test, DIGITS, 5))),
        "test": label_errors(recognizer, features_of(test)),
        "seconds": round(time.perf_counter() - began, 1),
    }
    return measured, recognizer, test


def draw(recognizer: CTCRecognizer, sequences: ConnectedDigits) -> None:
    """Where in the first sequence each label comes from."""
    from lvmlib.plots import plot_label_spans

    batch = features_of(sequences)
    with torch.no_grad():
        log_probs = recognizer.eval()(batch.features[:1], batch.lengths[:1])
    arguments = batch.targets[:1], recognizer.output_lengths(batch.lengths[:1]), batch.target_lengths[:1]
    frames, count = int(arguments[1]), int(batch.target_lengths[0])
    figure = plot_label_spans(
        batch.features[0, : batch.lengths[0]],
        ctc_posterior(log_probs, *arguments).positions[:frames, 0, : 2 * count + 1],
        best_alignment(log_probs, *arguments).spans[0, :count],
        [str(int(digit)) for digit in sequences.digits[0, :count]],
        seconds=int(sequences.lengths[0]) / SAMPLE_RATE,
        centres=SPECTROGRAM.centres,
        true_spans=sequences.spans[0, :count] / SAMPLE_RATE,
    )
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)
    print(PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--test", help="one speaker to hold out, instead of each in turn")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--sequences", type=int, default=200, help="tested on")
    parser.add_argument("--quick", action="store_true", help="30 steps, 20 sequences, one speaker")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    recordings = equally_loud(spoken_digits())
    steps, sequences = (30, 20) if settings.quick else (settings.steps, settings.sequences)
    speakers = [settings.test or "george"] if settings.quick or settings.test else list(recordings.speaker_names)
    folds = []
    for tested in speakers:
        measured, recognizer, test = hold_out(recordings, tested, steps, sequences)
        folds.append(measured)
        print({key: measured[key] for key in ("tested", "validation", "test", "seconds")}, flush=True)
        if tested == speakers[0]:
            draw(recognizer, test)
    if not settings.quick and not settings.test:
        write_report(
            "ctc_recognizer",
            ("torch", "numpy"),
            1,
            claim="label error rate on connected digits of a speaker never heard",
            label_error_rate={
                name: statistics.mean(fold["test"][name] for fold in folds) for name in ("best_path", "beam_search")
            },
            beam_width=BEAM_WIDTH,
            digits_per_sequence=DIGITS,
            sequences=sequences,
            steps=steps,
            folds=folds,
        )


if __name__ == "__main__":
    main()
