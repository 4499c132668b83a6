-- One of {buckets} parts of the contacts or submissions.
id -> cityHash64(id) % {buckets:UInt16} = {bucket:UInt16}
