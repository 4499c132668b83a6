-- A function: the 95 % interval [low, high] of a rate of k in n (Wilson score interval; E. B. Wilson, JASA 22, 1927):
-- (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n), z = 1.959964. NULL where n is 0.
(k, n) -> arrayMap(
    z -> if(
        n > 0,
        least(1, greatest(0, round((k / n + z * z / (2 * n) + z * sqrt(k / n * (1 - k / n) / n + z * z / (4 * n * n))) / (1 + z * z / n), 6))),
        NULL
    ),
    [-1.959963984540054, 1.959963984540054]
)
