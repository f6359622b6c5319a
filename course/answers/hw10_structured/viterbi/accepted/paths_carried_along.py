"""The best beginning itself is carried along for each state, without backpointers."""


def viterbi(log_start, log_transitions, log_emissions):
    k = len(log_start)
    best = log_start + log_emissions[0]
    paths = torch.arange(k)[:, None]
    for emissions in log_emissions[1:]:
        scores = best.unsqueeze(1) + log_transitions
        origins = scores.argmax(0)
        best = scores.gather(0, origins[None])[0] + emissions
        paths = torch.cat([paths[origins], torch.arange(k)[:, None]], dim=1)
    winner = best.argmax()
    return paths[winner], best[winner]
