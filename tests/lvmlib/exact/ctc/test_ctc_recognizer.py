"""The recognizer: what it refuses, that padding and the batch do not matter, and that it learns where labels are."""

import pytest
import torch

from lvmlib.exact.ctc import CTCRecognizer, LabelledFeatures, best_alignment, label_error_rate, train_recognizer
from lvmlib.exact.ctc.recognizer import standardize


def tones(n_examples, seed, dtype=torch.float32):
    """Features of four bands in which label c is noise with band c loud for 6 to 9 frames; and where it is."""
    generator = torch.Generator().manual_seed(seed)
    features, lengths = torch.zeros(n_examples, 60, 4, dtype=dtype), torch.zeros(n_examples, dtype=torch.int64)
    targets, counts = torch.zeros(n_examples, 3, dtype=torch.int64), torch.randint(1, 4, (n_examples,), generator=generator)
    spans = torch.full((n_examples, 3, 2), -1)
    features += 0.3 * torch.randn(features.shape, generator=generator, dtype=dtype)
    for n in range(n_examples):
        at = 0
        for u in range(int(counts[n])):
            at += int(torch.randint(4, 8, (), generator=generator))
            long = int(torch.randint(6, 10, (), generator=generator))
            targets[n, u] = torch.randint(1, 5, (), generator=generator)
            features[n, at : at + long, targets[n, u] - 1] += 2.0
            spans[n, u] = torch.tensor([at, at + long])
            at += long
        lengths[n] = at + 5
    return LabelledFeatures(features, lengths, targets, counts), spans


def small(**settings) -> CTCRecognizer:
    return CTCRecognizer(4, 4, **{"width": 16, "dropout": 0.0, **settings})


class TestForward:
    def test_shapes_and_normalization(self):
        batch, _ = tones(5, seed=1)
        recognizer = small()
        log_probs = recognizer(batch.features, batch.lengths)
        assert log_probs.shape == (30, 5, 5)
        torch.testing.assert_close(log_probs.exp().sum(dim=2), torch.ones(30, 5))
        assert recognizer.output_lengths(torch.tensor([0, 1, 2, 59, 60])).tolist() == [0, 1, 1, 30, 30]

    def test_padding_and_the_batch_do_not_matter(self):
        batch, _ = tones(5, seed=1, dtype=torch.float64)
        recognizer = small().double().eval()
        log_probs = recognizer(batch.features, batch.lengths)
        for n in (2, 4):
            length = int(batch.lengths[n])
            frames = int(recognizer.output_lengths(batch.lengths[n : n + 1]))
            alone = recognizer(batch.features[n : n + 1, :length], batch.lengths[n : n + 1])
            torch.testing.assert_close(log_probs[:frames, n : n + 1], alone, rtol=0, atol=1e-12)
        order = torch.tensor([3, 0, 4, 1, 2])
        permuted = recognizer(batch.features[order], batch.lengths[order])
        for n, source in enumerate(order.tolist()):
            frames = int(recognizer.output_lengths(batch.lengths[source : source + 1]))
            torch.testing.assert_close(permuted[:frames, n], log_probs[:frames, source], rtol=0, atol=1e-12)

    def test_loudness_does_not_matter(self):
        batch, _ = tones(3, seed=2, dtype=torch.float64)
        recognizer = small().double().eval()
        louder = batch.features * torch.tensor([2.0, 0.5, 3.0, 1.5]) + torch.tensor([1.0, -4.0, 0.0, 2.5])
        first, second = (recognizer(x, batch.lengths)[:10] for x in (batch.features, louder))
        torch.testing.assert_close(first, second, rtol=0, atol=1e-4)  # the 1e-6 beside the variance

    def test_standardize(self):
        batch, _ = tones(3, seed=2, dtype=torch.float64)
        scaled = standardize(batch.features, batch.lengths)
        for n, length in enumerate(batch.lengths.tolist()):
            own = scaled[n, :length]
            torch.testing.assert_close(own.mean(dim=0), torch.zeros(4, dtype=torch.float64), rtol=0, atol=1e-12)
            torch.testing.assert_close(own.std(dim=0, correction=0), torch.ones(4, dtype=torch.float64), rtol=1e-4, atol=0)
            assert (scaled[n, length:] == 0).all()

    def test_no_frames(self):
        log_probs = small()(torch.randn(2, 9, 4), torch.tensor([9, 0]))
        assert log_probs.shape == (5, 2, 5) and torch.isfinite(log_probs).all()
        assert small().recognize(torch.randn(2, 9, 4), torch.tensor([9, 0]))[1].labels == ()

    def test_a_seed_reproduces_and_leaves_the_global_state(self):
        torch.manual_seed(0)
        state = torch.random.get_rng_state()
        first, second, other = small(random_state=5), small(random_state=5), small(random_state=6)
        assert torch.equal(torch.random.get_rng_state(), state)
        assert torch.equal(first.readout.weight, second.readout.weight)
        assert not torch.equal(first.readout.weight, other.readout.weight)


class TestTraining:
    def test_it_learns_labels_and_where_they_are(self):
        """120 steps on tones: few errors on new ones (untrained: all), and spans that overlap those in the features."""
        recognizer = small(random_state=3)
        batches = (tones(16, seed=100 + step)[0] for step in range(120))
        history = train_recognizer(recognizer, batches, 120, learning_rate=1e-2, random_state=1, progress=False)
        assert history.shape == (120,) and history[-5:].mean() > -0.5 > -2 > history[:3].mean()
        batch, spans = tones(50, seed=1)
        spoken = [row[:count].tolist() for row, count in zip(batch.targets, batch.target_lengths)]
        for width in (None, 8):
            found = recognizer.recognize(batch.features, batch.lengths, beam_width=width)
            assert label_error_rate([h.labels for h in found], spoken) < 0.15
        with torch.no_grad():
            log_probs = recognizer.eval()(batch.features, batch.lengths)
        aligned = best_alignment(log_probs, batch.targets, recognizer.output_lengths(batch.lengths), batch.target_lengths).spans
        overlap = (2 * aligned[..., 0] < spans[..., 1] + 2) & (2 * aligned[..., 1] > spans[..., 0] - 2)
        assert overlap[spans[..., 0] >= 0].double().mean() > 0.95

    def test_a_seed_reproduces(self):
        histories = []
        for seed in (1, 1, 2):
            recognizer = small(random_state=3, dropout=0.4)
            batches = (tones(4, seed=step)[0] for step in range(3))
            histories.append(train_recognizer(recognizer, batches, 3, random_state=seed, progress=False))
        assert torch.equal(histories[0], histories[1]) and not torch.equal(histories[0], histories[2])

    def test_labels_longer_than_the_input_are_named(self):
        batch, _ = tones(4, seed=1)
        lengths, targets = batch.lengths.clone(), batch.targets.clone()
        # 4 output frames for 3 equal labels, which need 5
        lengths[2], targets[2], batch.target_lengths[2] = 8, 4, 3
        short = LabelledFeatures(batch.features, lengths, targets, batch.target_lengths)
        with pytest.raises(ValueError, match="targets of example 2 need 5 frames, .* of length 8 give 4"):
            train_recognizer(small(), [short], 1, progress=False)
        lengths[2] = 9
        assert torch.isfinite(small().log_marginal(short)[2])

    def test_too_few_batches(self):
        with pytest.raises(ValueError, match="batches must be at least n_steps = 3, got 2"):
            train_recognizer(small(), [tones(2, seed=1)[0]] * 2, 3, progress=False)

    def test_nan_is_not_learned_from(self):
        batch, _ = tones(2, seed=1)
        batch.features[1, 3, 0] = torch.nan
        with pytest.raises(ValueError, match="log_probs holds .* NaN"):
            train_recognizer(small(), [batch], 1, progress=False)

    @pytest.mark.parametrize(
        ("settings", "complaint"),
        [({"width": 0}, "width must be at least 1"), ({"dropout": 1.0}, r"dropout must lie in \[0, 1\), got 1.0")],
    )
    def test_bad_settings(self, settings, complaint):
        with pytest.raises(ValueError, match=complaint):
            small(**settings)
