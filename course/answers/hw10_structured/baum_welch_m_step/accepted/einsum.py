"""einsum sequence by sequence, with indicators that are zero for what was not seen."""


def baum_welch_m_step(gammas, pair_counts, sequences, n_symbols):
    shown = 0
    for gamma, symbols in zip(gammas, sequences):
        indicators = (symbols[:, None] == torch.arange(n_symbols)).to(gamma.dtype)
        shown = shown + torch.einsum("tk,tv->kv", gamma, indicators)
    steps = torch.einsum("nij->ij", torch.stack(pair_counts))
    first = torch.stack([gamma[0] for gamma in gammas])
    return (
        torch.einsum("nk->k", first) / len(first),
        steps / torch.einsum("ij->i", steps)[:, None],
        shown / torch.einsum("kv->k", shown)[:, None],
    )
