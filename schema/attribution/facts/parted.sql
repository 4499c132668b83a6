-- with: credits
-- The rows of credits, with the part that the touch has of the outcome under {model}.
SELECT
    *,
    assumeNotNull(multiIf( -- which is nullable for no reason
        {model:String} = 'first', first,
        {model:String} = 'last', last,
        {model:String} = 'last_non_direct', last_non_direct,
        {model:String} = 'linear', linear,
        {model:String} = 'position', position,
        {model:String} = 'time_decay', time_decay,
        {model:String} = 'shapley', shapley,
        0 * throwIf({model:String} NOT IN ('first', 'last', 'last_non_direct', 'linear', 'position', 'time_decay', 'shapley'), 'model: no such model')
    )) AS part
FROM credits
