"""Each sequence starts wholly in its most probable state.

arg max is not the expectation.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.stack([torch.nn.functional.one_hot(gamma[0].argmax(), gamma.shape[1]).to(gamma.dtype) for gamma in gammas]).mean(dim=0)
    steps = torch.stack(pair_counts).sum(dim=0)  # (k, k)
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols >= 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    shown = gamma[seen].T @ indicators  # (k, n_symbols)
    return start, steps / steps.sum(dim=1, keepdim=True), shown / shown.sum(dim=1, keepdim=True)
