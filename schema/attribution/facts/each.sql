-- A function: each of the amounts divided by n, to four decimals; none where n is 0.
(amounts, n) -> if(
    n > 0,
    arrayMap(one -> (one.1, toDecimal128(round(divideDecimal(one.2, toDecimal256(n, 0), 10), 4), 4)), amounts),
    CAST([], 'Array(Tuple(String, Decimal(38, 4)))')
)
