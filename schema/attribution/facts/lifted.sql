-- A function: how many times as high the rate k of n is as the rate c of m, with its 95 % interval: [lift, low, high] (Katz log interval;
-- D. Katz et al., Biometrics 34, 1978): lift × exp(± z √(1/k - 1/n + 1/c - 1/m)), z = 1.959964. NULL where n, m or c is 0; the
-- interval also where k is 0.
(k, n, c, m) -> arrayMap(
    z -> if(
        n > 0 AND m > 0 AND c > 0 AND (k > 0 OR z = 0),
        round(k / n / (c / m) * if(z = 0, 1, exp(z * sqrt(1 / k - 1 / n + 1 / c - 1 / m))), 6),
        NULL
    ),
    [0, -1.959963984540054, 1.959963984540054]
)
