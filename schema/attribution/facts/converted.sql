-- A function: money of a day as a pair of currency and amount, in {currency} where exchange has what it was worth on that day or on
-- one of the {rate_days} days before, else in its own. Each amount is rounded to four decimals, so that sums are sums of what is shown.
(amount, own, day, worth, worth_on) -> if(
    worth > 0 AND dateDiff('day', worth_on, day) <= {rate_days:UInt16},
    ({currency:String}, toDecimal128(round(amount * worth, 4), 4)),
    (toString(own), toDecimal128(amount, 4))
)
