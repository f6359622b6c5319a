"""Loops over frames and states, with numbers of Python."""


def ctc_forward(log_probs, labels, blank):
    def log_sum(values):
        top = max(values)
        return top + math.log(sum(math.exp(value - top) for value in values)) if top > -math.inf else top

    states = [blank]
    for label in labels.tolist():
        states += [label, blank]
    table = []
    for t, frame in enumerate(log_probs.double().tolist()):
        row = []
        for s, k in enumerate(states):
            if t == 0:
                row.append(frame[k] if s < 2 else -math.inf)
                continue
            before = table[-1][max(s - 1, 0) : s + 1]
            if s >= 2 and k != blank and k != states[s - 2]:
                before = before + [table[-1][s - 2]]
            row.append(frame[k] + log_sum(before))
        table.append(row)
    evidence = log_sum(table[-1][-2:])
    return torch.tensor(table, dtype=log_probs.dtype), torch.tensor(evidence, dtype=log_probs.dtype)
