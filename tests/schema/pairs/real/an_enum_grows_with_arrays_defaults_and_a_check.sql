-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE TYPE role AS ENUM ('user','admin'); CREATE TABLE member (id int PRIMARY KEY, role role NOT NULL DEFAULT 'user', roles role[] DEFAULT '{user}');
-- new
CREATE TYPE role AS ENUM ('guest','user','editor','admin'); CREATE TABLE member (id int PRIMARY KEY, role role NOT NULL DEFAULT 'guest', roles role[] DEFAULT '{guest,editor}', CONSTRAINT c CHECK (role <> 'editor' OR roles @> '{editor}'));
