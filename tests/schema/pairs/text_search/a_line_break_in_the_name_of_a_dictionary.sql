-- old
create text search configuration c (copy=simple);
-- new
create text search dictionary "d
1" (template=simple, stopwords='english'); create text search configuration c (copy=simple); alter text search configuration c alter mapping for word with "d
1", simple;
