"""The transitions are divided by the visits after the first step.

That is how often a state is arrived at. Divide by how often it is left.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.stack([gamma[0] for gamma in gammas]).mean(dim=0)
    steps = torch.stack(pair_counts).sum(dim=0)  # (k, k)
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols >= 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    shown = gamma[seen].T @ indicators  # (k, n_symbols)
    return start, steps / sum(gamma[1:].sum(dim=0) for gamma in gammas)[:, None], shown / shown.sum(dim=1, keepdim=True)
