-- with: counted_touches
-- What counts in the range, as in counted_touches. dimensions are those of the touch as in settled_touches, '' where no touch is known.
-- labels_of makes labels of them; it is quicker to group by dimensions before.
SELECT
    counts_as,
    n,
    occurred_at,
    contact_id,
    contact_deals,
    amount,
    currency,
    if(touch = '', '', arrayStringConcat(arraySlice(splitByChar('\0', touch), 2, 7), '\0')) AS dimensions
FROM counted_touches
