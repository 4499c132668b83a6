-- A function: what was won for each unit that was spent, to six decimals. NULL where nothing was spent, or where spent and won are not
-- all in one currency: amounts of several cannot be compared.
(spent, won) -> if(
    length(spent) = 1 AND spent[1].2 > 0 AND (empty(won) OR length(won) = 1 AND won[1].1 = spent[1].1),
    round(if(empty(won), 0, toFloat64(won[1].2)) / toFloat64(spent[1].2), 6),
    NULL
)
