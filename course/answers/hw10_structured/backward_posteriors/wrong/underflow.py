"""Probabilities are multiplied, and become 0 in long sequences.

0 divided by 0 is NaN. Subtract logarithms, and take exp at the end.
"""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    alpha, transitions, emissions = log_alpha.exp(), log_transitions.exp(), log_emissions.exp()
    beta = torch.ones_like(emissions)
    for t in range(len(beta) - 2, -1, -1):
        beta[t] = transitions @ (emissions[t + 1] * beta[t + 1])
    likelihood = alpha[-1].sum()
    pairs = torch.einsum("ti,ij,tj->ij", alpha[:-1], transitions, (emissions * beta)[1:])
    return beta.log(), alpha * beta / likelihood, pairs / likelihood
