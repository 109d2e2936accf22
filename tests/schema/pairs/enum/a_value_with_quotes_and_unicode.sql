-- old
CREATE TYPE e AS ENUM ('a');
-- new
CREATE TYPE e AS ENUM ('it''s', 'a', 'größe', '');
