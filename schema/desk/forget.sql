-- Takes versions of an entry below one out for good: parts are written anew without them.
ALTER TABLE desk
DELETE WHERE site_id = {site:String} AND kind = {kind:String} AND entry_id = {entry_id:String} AND version < {version:UInt64}
SETTINGS mutations_sync = 1
