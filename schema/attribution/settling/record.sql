-- Writes down that a settlement has ended.
INSERT INTO settlements (site_id, settlement, complete, from_block, to_block, began_at, ended_at)
SELECT {site:String}, {settlement:UInt64}, {complete:Bool}, {from_block:UInt64}, {to_block:UInt64}, {began_at:DateTime64(3, 'UTC')}, now64(3)
