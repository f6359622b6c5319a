"""The transitions are averaged over the sequences, not their counts summed.

Expected counts are summed over all sequences first, and divided once: a long sequence counts for more.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.stack([gamma[0] for gamma in gammas]).mean(dim=0)
    steps = torch.stack(pair_counts).sum(dim=0)  # (k, k)
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols >= 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    shown = gamma[seen].T @ indicators  # (k, n_symbols)
    each = torch.stack([counts / counts.sum(dim=1, keepdim=True).clamp_min(1e-300) for counts in pair_counts])
    return start, each.mean(dim=0), shown / shown.sum(dim=1, keepdim=True)
