-- old
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
-- new
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, StopWords = english, Accept = false);
