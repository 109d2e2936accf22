-- base
CREATE TYPE e AS ENUM ('a');
-- ours
ALTER TYPE e ADD VALUE 'b';
-- theirs
ALTER TYPE e ADD VALUE 'b';
