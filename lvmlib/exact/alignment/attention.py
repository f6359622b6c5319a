"""Attention as a distribution over a latent alignment, trained by exact marginalization, softly, or by score function."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from lvmlib.exact.alignment.attention_objectives import (
    attention_posterior,
    draw_positions,
    hard_objective,
    marginal_objective,
    masked_log_softmax,
    score_function_objective,
)
from lvmlib.exact.alignment.sentence_pairs import SentencePairs
from lvmlib.exact.alignment.translation import check_pairs
from lvmlib.progress_bar import tqdm
from lvmlib.randomness import Seed, as_generator
from lvmlib.validation import check_at_least, check_choice, check_dtype

TRAININGS = ("marginal", "soft", "hard")


class LatentAttention(nn.Module):
    r"""Word translation with attention: p(y|x) = Π_j Σ_i p(a_j = i|x, j, y_{j-1}) p(y_j|x_i).

    p(a_j = i|...) = softmax_i(q_j · k_i / √d), with the query q_j of the target position and
    the word before, the key k_i of the source word and its place, from the sentence's
    beginning and from its end; p(y_j|x_i) = softmax(W h_i + b), h_i the value of the source
    word. ``size`` is d for all of them. There is no null word.

    Parameters
    ----------
    pairs : SentencePairs
        Whose words and greatest lengths the parameters are made for; it is not kept.
    size : int
    training : {"marginal", "soft", "hard"}
        What :meth:`fit` climbs; see :mod:`lvmlib.exact.alignment.attention_objectives`. With
        "soft" the model itself is another, p(y_j|Σ_i p(a_j = i) h_i).
    n_samples : int
        Draws of each a_j in "hard", at least 2: each is the others' baseline.
    dtype
    random_state : int or torch.Generator
        For the start and all that is drawn afterwards.

    References
    ----------
    Bahdanau, Cho & Bengio, Neural machine translation by jointly learning to align and
    translate, 2015; Xu et al., Show, attend and tell, 2015, for soft and hard; Deng, Kim,
    Chiu, Guo & Rush, Latent alignment and variational attention, 2018, for the latent view.
    """

    def __init__(
        self,
        pairs: SentencePairs,
        *,
        size: int = 32,
        training: str = "marginal",
        n_samples: int = 4,
        dtype: torch.dtype = torch.float32,
        random_state: Seed = 0,
    ) -> None:
        super().__init__()
        check_pairs(pairs)
        check_at_least("size", size, 1)
        check_at_least("n_samples", n_samples, 2)
        check_choice("training", training, TRAININGS)
        check_dtype(dtype)
        self.size, self.training_by, self.n_samples, self.dtype = size, training, n_samples, dtype
        self.source_vocabulary, self.target_vocabulary = pairs.source_vocabulary, pairs.target_vocabulary
        self.longest = int(pairs.source_lengths.max()), int(pairs.target_lengths.max())
        self._generator = as_generator(random_state)

        def table(rows: int, scale: float) -> nn.Parameter:
            drawn = torch.randn(rows, size, generator=self._generator, dtype=torch.float64, device=self._generator.device)
            return nn.Parameter((scale * drawn).to(pairs.source.device, dtype))

        n_source, n_target = len(pairs.source_vocabulary) + 1, len(pairs.target_vocabulary)
        self.value, self.word_key = table(n_source, 1.0), table(n_source, 0.3)
        self.place_key, self.place_key_from_end = table(self.longest[0], 0.3), table(self.longest[0], 0.3)
        # the word before: one row more for the beginning of the sentence
        self.word_query, self.place_query = table(n_target + 1, 0.3), table(self.longest[1], 0.3)
        self.output = table(n_target, size**-0.5)
        self.output_bias = nn.Parameter(self.output.new_zeros(n_target))

    # -- the model -------------------------------------------------------------------------

    def log_attention(self, pairs: SentencePairs) -> Float[Tensor, "pairs words positions"]:
        """ln p(a_j = i|x, j, y_{j-1}); -inf at positions past the end of a source sentence."""
        source, there, target, _ = self._checked(pairs).padded()
        place = torch.arange(source.shape[1], device=source.device)
        from_end = (pairs.source_lengths[:, None] - 1 - place).clamp(min=0)
        key = self.word_key[source] + self.place_key[place] + self.place_key_from_end[from_end]
        before = torch.cat([torch.full_like(target[:, :1], len(self.target_vocabulary)), target[:, :-1]], dim=1)
        query = self.word_query[before] + self.place_query[: target.shape[1]]
        return masked_log_softmax(query @ key.transpose(1, 2) / self.size**0.5, there)

    def log_emission(self, pairs: SentencePairs) -> Float[Tensor, "pairs words positions"]:
        """ln p(y_j|x_i) of every target word and source position."""
        source, _, target, _ = self._checked(pairs).padded()
        log_p = (self.value[source] @ self.output.T + self.output_bias).log_softmax(dim=2)  # (pairs, positions, target words)
        return log_p.gather(2, target[:, None, :].expand(-1, source.shape[1], -1)).transpose(1, 2)

    def log_marginal(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """ln p(y|x) with the alignment summed out, exact, nats."""
        return self._summed(pairs, marginal_objective(self.log_attention(pairs), self.log_emission(pairs)))

    def hard_bound(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """E_a[ln p(y|x, a)], a from the attention, exact, nats: never above :meth:`log_marginal`."""
        return self._summed(pairs, hard_objective(self.log_attention(pairs), self.log_emission(pairs)))

    def soft_log_likelihood(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """Σ_j ln p(y_j|Σ_i p(a_j = i) h_i), nats: of the model in which values are averaged."""
        source, _, target, _ = self._checked(pairs).padded()
        context = self.log_attention(pairs).exp() @ self.value[source]  # (pairs, words, size)
        log_p = (context @ self.output.T + self.output_bias).log_softmax(dim=2)
        return self._summed(pairs, log_p.gather(2, target[..., None])[..., 0])

    def objective(self, pairs: SentencePairs) -> Float[Tensor, " pairs"]:
        """What training climbs, nats: for "hard" an estimate, from newly drawn positions."""
        if self.training_by == "marginal":
            return self.log_marginal(pairs)
        if self.training_by == "soft":
            return self.soft_log_likelihood(pairs)
        log_attention = self.log_attention(pairs)
        positions = draw_positions(log_attention, self.n_samples, self._generator)
        return self._summed(pairs, score_function_objective(log_attention, self.log_emission(pairs), positions))

    @torch.no_grad()
    def predict_proba(self, pairs: SentencePairs, seen: bool = True) -> list[Float[Tensor, "target_words source_words"]]:
        """Of each pair the alignment's distribution, (m, l).

        Parameters
        ----------
        seen
            p(a_j = i|x, y), the posterior, which knows y_j; else the attention p(a_j = i|x, y_<j).
        """
        log_attention = self.log_attention(pairs)
        table = attention_posterior(log_attention, self.log_emission(pairs)) if seen else log_attention.exp()
        shapes = zip(pairs.target_lengths.tolist(), pairs.source_lengths.tolist())
        return [row[:m, :l] for row, (m, l) in zip(table, shapes)]

    def predict(self, pairs: SentencePairs, seen: bool = True) -> list[frozenset[tuple[int, int]]]:
        """Of each pair the link (source position, target position), from 0, of each target word: its most probable one."""
        tables = self.predict_proba(pairs, seen)
        return [frozenset((i, j) for j, i in enumerate(table.argmax(dim=1).tolist())) for table in tables]

    # -- training --------------------------------------------------------------------------

    def fit(
        self,
        pairs: SentencePairs,
        *,
        n_epochs: int = 30,
        batch_size: int = 64,
        learning_rate: float = 0.02,
        progress: bool = False,
    ) -> LatentAttention:
        """Climb the mean :meth:`objective` of a target word by Adam. Returns self.

        Sets ``objective_`` (n_epochs,), nats per target word, as seen while training.

        Raises
        ------
        ValueError
            If a setting is out of range, or the objective becomes NaN or infinite.
        """
        self._checked(pairs)
        check_at_least("n_epochs", n_epochs, 1)
        check_at_least("batch_size", batch_size, 1)
        if not learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, got {learning_rate}")
        optimizer = torch.optim.Adam(self.parameters(), lr=learning_rate)
        history = []
        for epoch in tqdm(range(n_epochs), desc=f"{self.training_by} attention", disable=not progress):
            total = 0.0
            order = torch.randperm(len(pairs), generator=self._generator, device=self._generator.device)
            for chosen in torch.split(order.to(pairs.source.device), batch_size):
                batch = pairs[chosen]
                climbed = self.objective(batch).sum()
                if not torch.isfinite(climbed):
                    raise ValueError(f"epoch {epoch}: the objective is {float(climbed)}; lower learning_rate")
                optimizer.zero_grad()
                (-climbed / len(batch.target)).backward()
                optimizer.step()
                total += float(climbed.detach())
            history.append(total / len(pairs.target))
        self.objective_ = torch.tensor(history, dtype=torch.float64)
        return self

    def _summed(self, pairs: SentencePairs, words: Float[Tensor, "pairs words"]) -> Float[Tensor, " pairs"]:
        there = torch.arange(words.shape[1], device=words.device) < pairs.target_lengths[:, None]
        return torch.where(there, words, 0.0).sum(dim=1)

    def _checked(self, pairs: SentencePairs) -> SentencePairs:
        check_pairs(pairs)
        for side, mine in [("source", self.source_vocabulary), ("target", self.target_vocabulary)]:
            if getattr(pairs, f"{side}_vocabulary") != mine:
                raise ValueError(f"pairs have another {side} vocabulary than this LatentAttention was made for")
        for side, words, unknown in [
            ("source", pairs.source, self.source_vocabulary.unknown),
            ("target", pairs.target, self.target_vocabulary.unknown),
        ]:
            if (words == unknown).any():
                raise ValueError(f"pairs hold a {side} word that this LatentAttention has no parameters for")
        for side, longest, lengths in zip(("source", "target"), self.longest, (pairs.source_lengths, pairs.target_lengths)):
            if int(lengths.max()) > longest:
                raise ValueError(f"pairs have a {side} sentence of {int(lengths.max())} words, longer than {longest}, the most")
        return pairs
