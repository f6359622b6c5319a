"""torch.logaddexp of slices, in a table that is filled in place."""


def ctc_forward(log_probs, labels, blank):
    T, L = len(log_probs), len(labels)
    alpha = log_probs.new_full((T, 2 * L + 1), -math.inf)
    alpha[0, 0] = log_probs[0, blank]
    if L > 0:
        alpha[0, 1] = log_probs[0, labels[0]]
    for t in range(1, T):
        blanks, letters_ = alpha[t - 1, 0::2], alpha[t - 1, 1::2]
        into_blanks = blanks.clone()
        into_blanks[1:] = torch.logaddexp(blanks[1:], letters_)
        into_letters = torch.logaddexp(letters_, blanks[:-1])
        for n in range(1, L):
            if labels[n] != labels[n - 1]:
                into_letters[n] = torch.logaddexp(into_letters[n], letters_[n - 1])
        alpha[t, 0::2] = into_blanks + log_probs[t, blank]
        alpha[t, 1::2] = into_letters + log_probs[t, labels]
    if L == 0:
        return alpha, alpha[-1, 0]
    return alpha, torch.logaddexp(alpha[-1, -1], alpha[-1, -2])
