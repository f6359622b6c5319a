"""Loops over links, and over rows; of equal positions the last one.
"""


def alignment_error_rate(links, sure, possible):
    a_and_s = a_and_p = a = s = 0
    for n in range(len(links)):
        a += len(links[n])
        s += len(sure[n])
        for link in links[n]:
            if link in sure[n]:
                a_and_s += 1
                a_and_p += 1
            elif link in possible[n]:
                a_and_p += 1
    if a + s == 0:
        return 0
    return 1.0 - (a_and_s + a_and_p) / (a + s)


def train_and_align(pairs, n_source, n_target, n_iterations, e_step, m_step):
    table = torch.zeros(n_source, n_target, dtype=torch.float64)
    table += 1 / n_target
    for _ in range(n_iterations):
        table = m_step(pairs, [e_step(*pair, table) for pair in pairs], n_source, n_target)
    result = []
    for source, target in pairs:
        posterior = e_step(source, target, table)
        links = set()
        for j in range(len(target)):
            best = 0
            for i in range(len(source) + 1):
                if posterior[j][i] >= posterior[j][best]:
                    best = i
            if best != 0:
                links.add((best, j + 1))
        result.append(links)
    return result
