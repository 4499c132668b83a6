-- Question: why did this contact's touches get credit, or not?
--
-- Parameters:
--   site           the site
--   suspects       exclude: what is under suspicion is shown, and gets nothing; include: it counts like all others
--   contact        the contact id
--   model          first, last, last_non_direct, linear, position, time_decay or shapley
--   by             everything that a touch has: ['source','medium','campaign','term','content','channel','referrer_domain','landing_page','utm_id','parameters']
--   outcomes       ['leads','conversions','deals','won_deals']
--   since, until   1970-01-01 and 2100-01-01
--   lookback_days  how old a touch may be to have led to an outcome
--   transforms     []
--   position       the parts of the first touch, of all between and of the last, such as [40,20,40]
--   half_life_days  after how many days a touch weighs half (time decay)
--   currency, zone  '', UTC (no amounts are shown)
--   rate_days      7
--   losses         exclude
--   contacts       [], or to be quick the contacts that facts/scope.sql names
--
-- A row: one touch of the contact, and one outcome (a lead, a conversion, a deal created or won) of the contact; outcome is '' where there is
-- none. No rows: the site knows no touch of the contact.
--   rule           by which rule the touch got its source and channel (../README.md, "How a touch is named")
--   known_by       log: the touch was seen; submission: only a submission brought a copy of it
--   credit         what the touch gets of the outcome, 0 to 1; all of one outcome sum to 1
--   reason         why it gets that, as a word: suspect, no_outcome, after, too_old; by the model first, not_first, last, not_last, last_known, direct,
--                  later_known, last_direct, later_direct, shared, only, at_first, at_last, between, age, first_alike or again
--   place          which of the touches with a chance of the outcome it is, 0 for none of them
--   touches        how many these are; where reason is first_alike, how many different ones
--   days           from the touch to the outcome, NULL where there is none or it came before
--   doubt          what the touch is suspected of, '' for nothing
--   why            the reason as a sentence
--
-- with: parted, submitted, submission_in_scope, touch_in_scope
WITH
seen AS
(
    SELECT
        toString(touch_id) AS id,
        occurred_at AS touch_at,
        source,
        medium,
        campaign,
        term,
        content,
        channel,
        referrer_domain,
        landing_page,
        rule,
        'log' AS known_by,
        if({suspects:String} = 'include', '', suspicion) AS doubt
    FROM touches FINAL
    WHERE site_id = {site:String}
      AND touch_in_scope(touch_id)
      AND visitor_id IN (SELECT visitor_id FROM submitted WHERE contact_id = {contact:String})
      AND visitor_id != toUUID('00000000-0000-0000-0000-000000000000')

    UNION ALL
    SELECT
        toString(first_touch_touch_id),
        first_touch_occurred_at,
        first_touch_source,
        first_touch_medium,
        first_touch_campaign,
        first_touch_term,
        first_touch_content,
        first_touch_channel,
        first_touch_referrer_domain,
        first_touch_landing_page,
        first_touch_rule,
        'submission',
        ''
    FROM submissions FINAL
    WHERE site_id = {site:String} AND submission_in_scope(submission_id) AND contact_id = {contact:String} AND ({suspects:String} = 'include' OR suspicion = '')
      AND first_touch_occurred_at > toDateTime64(0, 3, 'UTC')

    UNION ALL
    SELECT
        toString(latest_touch_touch_id),
        latest_touch_occurred_at,
        latest_touch_source,
        latest_touch_medium,
        latest_touch_campaign,
        latest_touch_term,
        latest_touch_content,
        latest_touch_channel,
        latest_touch_referrer_domain,
        latest_touch_landing_page,
        latest_touch_rule,
        'submission',
        ''
    FROM submissions FINAL
    WHERE site_id = {site:String} AND submission_in_scope(submission_id) AND contact_id = {contact:String} AND ({suspects:String} = 'include' OR suspicion = '')
      AND latest_touch_occurred_at > toDateTime64(0, 3, 'UTC')
),
-- As in facts/contact_touches.sql: what the log has without doubt, then a copy that says something, then any copy.
touched AS
(
    SELECT *
    FROM seen
    ORDER BY multiIf(known_by = 'log' AND doubt = '', 0, known_by = 'log', 3, source = '(direct)', 2, 1), touch_at
    LIMIT 1 BY id
),
-- A row per outcome, with what each touch on its path gets: (touch, place, part).
led_to AS
(
    SELECT
        outcome,
        id AS outcome_id,
        any(at) AS outcome_at,
        any(n) AS on_path,
        any(last_known) AS known_place,
        any(all_different) AS different,
        groupArrayIf((touch_id, place, part), attributed) AS parts
    FROM parted
    WHERE contact_id = {contact:String}
    GROUP BY outcome, id
),
paired AS
(
    SELECT *, arrayFirst(part -> part.1 = touched.id, parts) AS own, own.2 AS place, own.3 AS credit
    FROM touched
    LEFT JOIN led_to ON true
),
-- What is named often stands in a query of its own: ClickHouse would plan it as often.
reasoned AS
(
    SELECT
        *,
        multiIf(
            doubt != '', 'suspect',
            outcome = '', 'no_outcome',
            touch_at > outcome_at, 'after',
            place = 0, 'too_old',
            {model:String} = 'first', if(place = 1, 'first', 'not_first'),
            {model:String} = 'last', if(place = on_path, 'last', 'not_last'),
            {model:String} = 'last_non_direct' AND place = known_place, 'last_known',
            {model:String} = 'last_non_direct' AND known_place > 0, if(source = '(direct)', 'direct', 'later_known'),
            {model:String} = 'last_non_direct', if(place = on_path, 'last_direct', 'later_direct'),
            {model:String} = 'linear', 'shared',
            {model:String} = 'position', multiIf(on_path = 1, 'only', place = 1, 'at_first', place = on_path, 'at_last', 'between'),
            {model:String} = 'time_decay', 'age',
            credit > 0, 'first_alike',
            'again'
        ) AS reason,
        multiIf(place = 0, 0, reason = 'first_alike', different, on_path) AS touches,
        if(outcome = '' OR reason = 'after', NULL, round((toUnixTimestamp64Milli(outcome_at) - toUnixTimestamp64Milli(touch_at)) / 86400000, 2)) AS days
    FROM paired
)
SELECT
    outcome,
    outcome_id,
    if(outcome = '', NULL, outcome_at) AS outcome_at,
    touch_at,
    source,
    medium,
    campaign,
    term,
    content,
    channel,
    referrer_domain,
    landing_page,
    rule,
    known_by,
    credit,
    reason,
    place,
    touches,
    days,
    doubt,
    concat(if(reason IN ('not_first', 'not_last', 'later_known', 'later_direct', 'shared', 'only', 'at_first', 'at_last', 'between'), concat(toString(place), ' of ', toString(touches), ' touches'), ''), multiIf(
        reason = 'suspect', concat('left out: under suspicion (', doubt, ')'),
        reason = 'no_outcome', 'it has led to nothing yet',
        reason = 'after', 'after the outcome',
        reason = 'too_old', concat('more than ', toString({lookback_days:UInt16}), ' days before the outcome'),
        reason = 'first', 'the first touch',
        reason = 'not_first', ': the first has the credit',
        reason = 'last', 'the last touch',
        reason = 'not_last', ': the last has the credit',
        reason = 'last_known', 'the last touch that is not direct',
        reason = 'direct', 'direct, while a touch that is not direct has the credit',
        reason = 'later_known', ': a later one that is not direct has the credit',
        reason = 'last_direct', 'the last touch: none is other than direct',
        reason = 'later_direct', ', all direct: the last has the credit',
        reason = 'shared', ' that share alike',
        reason = 'only', ': the only one',
        reason = 'at_first', ': the first',
        reason = 'at_last', ': the last',
        reason = 'between', ': between the first and the last',
        reason = 'age', concat(toString(assumeNotNull(days)), ' days before the outcome'),
        reason = 'first_alike', concat('the first touch of one of ', toString(touches), ' that share alike'),
        'an earlier touch like this has its part'
    )) AS why
FROM reasoned
ORDER BY indexOf(['leads', 'conversions', 'deals', 'won_deals'], outcome), reasoned.outcome_at, outcome_id, touch_at, id
