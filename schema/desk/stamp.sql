-- Whether entries of some kinds are what they were: another count or another latest change says that they are not.
SELECT count(), toUnixTimestamp64Milli(max(changed_at)) FROM desk WHERE kind IN {kinds:Array(String)}
