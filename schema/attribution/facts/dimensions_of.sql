-- The dimensions of a touch in the form that logged_touches has, between NUL characters: what paths are made of. Landing pages are without
-- query and fragment.
(touch) -> if(
    has({by:Array(String)}, 'landing_page'),
    replaceRegexpOne(substring(touch, 54), '[?#][^\\x00]*\\x00\\x00$', '\0\0'),
    substring(touch, 54)
)
