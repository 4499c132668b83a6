-- Which contacts or submissions are looked at: all. (settling/ takes a part of them at a time.)
id -> true
