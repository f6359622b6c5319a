"""Each symbol counts for the most probable state only.

That is the M-step of Viterbi training. Expected counts are sums of gammas.
"""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    start = torch.stack([gamma[0] for gamma in gammas]).mean(dim=0)
    steps = torch.stack(pair_counts).sum(dim=0)  # (k, k)
    gamma, symbols = torch.cat(gammas), torch.cat(sequences)
    seen = symbols >= 0
    indicators = torch.nn.functional.one_hot(symbols[seen], n_symbols).to(gamma.dtype)
    hard = torch.nn.functional.one_hot(gamma.argmax(dim=1), gamma.shape[1]).to(gamma.dtype)
    shown = hard[seen].T @ indicators
    return start, steps / steps.sum(dim=1, keepdim=True), shown / shown.sum(dim=1, keepdim=True)
