"""Divided by the visits before the last step, which are the same as the steps that leave."""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    left = sum(gamma[:-1].double().sum(dim=0) for gamma in gammas)
    transitions = sum(counts.double() for counts in pair_counts) / left[:, None]
    everything = torch.cat(gammas).double()
    x = torch.cat(sequences)
    shown = torch.stack([everything[x == v].sum(dim=0) for v in range(n_symbols)], dim=1)
    visits = everything[x >= 0].sum(dim=0)
    start = torch.stack([gamma[0].double() for gamma in gammas]).mean(dim=0)
    dtype = gammas[0].dtype
    return start.to(dtype), transitions.to(dtype), (shown / visits[:, None]).to(dtype)
