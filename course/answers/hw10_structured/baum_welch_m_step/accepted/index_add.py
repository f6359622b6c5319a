"""index_add_ by symbol, with a column for the symbols not seen, which is dropped."""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    k = gammas[0].shape[1]
    tallies = gammas[0].new_zeros(n_symbols + 1, k)
    for gamma, symbols in zip(gammas, sequences):
        tallies.index_add_(0, torch.where(symbols < 0, n_symbols, symbols), gamma)
    shown = tallies[:n_symbols].T
    steps = sum(pair_counts)
    start = sum(gamma[0] for gamma in gammas)
    return start / len(gammas), torch.nn.functional.normalize(steps, p=1, dim=1), shown / shown.sum(1, keepdim=True)
