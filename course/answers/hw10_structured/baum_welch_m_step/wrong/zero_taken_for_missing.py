"""The symbol 0 is left out.

Symbols are counted from 0; what was not seen is -1.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.stack([gamma[0] for gamma in gammas]).mean(dim=0)
    steps = torch.stack(pair_counts).sum(dim=0)  # (k, k)
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols > 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    shown = gamma[seen].T @ indicators  # (k, n_symbols)
    return start, steps / steps.sum(dim=1, keepdim=True), shown / shown.sum(dim=1, keepdim=True)
