-- The labels of dimensions, in the order of the array below: '' where {by} does not name the dimension, "(unattributed)" where there was no
-- touch, "(not set)" where the touch has no such value.
(dimensions, attributed) -> arrayMap(
    (dimension, value) -> multiIf(NOT has({by:Array(String)}, dimension), '', NOT attributed, '(unattributed)', value = '', '(not set)', value),
    ['source', 'medium', 'campaign', 'term', 'content', 'referrer_domain', 'channel', 'landing_page'],
    arrayResize(splitByChar('\0', dimensions), 8)
)
