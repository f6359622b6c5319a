"""Loops over sequences, steps and states."""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    k, dtype = gammas[0].shape[1], gammas[0].dtype
    start, shown = torch.zeros(k, dtype=dtype), torch.zeros(k, n_symbols, dtype=dtype)
    for gamma, symbols in zip(gammas, sequences):
        start += gamma[0]
        for t, symbol in enumerate(symbols.tolist()):
            if symbol != -1:
                for i in range(k):
                    shown[i, symbol] += gamma[t, i]
    transitions = torch.zeros(k, k, dtype=dtype)
    for i in range(k):
        row = sum(counts[i] for counts in pair_counts)
        transitions[i] = row / row.sum()
    return start / start.sum(), transitions, torch.stack([row / row.sum() for row in shown])
