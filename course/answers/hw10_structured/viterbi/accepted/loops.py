"""Loops over steps and states; of equally good states the last."""


def viterbi(log_start, log_transitions, log_emissions):
    t, k = log_emissions.shape
    delta = [[(log_start[j] + log_emissions[0, j]).item() for j in range(k)]]
    pointers = []
    for s in range(1, t):
        row, pointer = [], []
        for j in range(k):
            scores = [delta[-1][i] + log_transitions[i, j].item() for i in range(k)]
            i = max(range(k), key=lambda i: (scores[i], i))
            row.append(scores[i] + log_emissions[s, j].item())
            pointer.append(i)
        delta.append(row)
        pointers.append(pointer)
    state = max(range(k), key=lambda j: delta[-1][j])
    path = [state]
    for pointer in pointers[::-1]:
        state = pointer[state]
        path.insert(0, state)
    return torch.tensor(path), torch.tensor(max(delta[-1]), dtype=log_start.dtype)
