-- The labels of a touch's dimensions (settled_touches.dimensions), in the order of the array below: '' where {by} does not name the
-- dimension, "(unattributed)" where no touch is known, "(not set)" where it has no such value. They are one array and not seven columns
-- because ClickHouse plans a query of many columns at many levels slowly.
dimensions -> arrayMap(
    (dimension, value) -> multiIf(NOT has({by:Array(String)}, dimension), '', dimensions = '', '(unattributed)', value = '', '(not set)', value),
    ['source', 'medium', 'campaign', 'term', 'content', 'referrer_domain', 'channel'],
    arrayResize(splitByChar('\0', dimensions), 7)
)
