-- Of a touch's dimensions (as in settled_touches) and landing page those that {by} names; the others are ''.
(dimensions, page) -> concat(
    replaceRegexpOne(
        dimensions,
        '^([^\\x00]*)\\x00([^\\x00]*)\\x00([^\\x00]*)\\x00([^\\x00]*)\\x00([^\\x00]*)\\x00([^\\x00]*)\\x00(.*)$',
        arrayStringConcat(arrayMap(
            (dimension, place) -> if(has({by:Array(String)}, dimension), concat('\\', place), ''),
            ['source', 'medium', 'campaign', 'term', 'content', 'referrer_domain', 'channel'],
            ['1', '2', '3', '4', '5', '6', '7']
        ), '\0')
    ),
    if(has({by:Array(String)}, 'landing_page'), concat('\0', page), '\0')
)
