-- with: paths
-- The rows of paths as they are: {currency} is ''.
SELECT outcome, lost, id, at, contact_id, path, amount::Decimal(38, 4) AS amount, toString(currency) AS currency FROM paths
