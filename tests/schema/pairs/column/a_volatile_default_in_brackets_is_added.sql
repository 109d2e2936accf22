-- old
CREATE TABLE t (id int);
-- new
CREATE TABLE t (id int, r double precision DEFAULT (random() * 10), u text DEFAULT ('u'::text || gen_random_uuid()));
-- hazard: table rewrite on public\.t: column r
-- hazard: table rewrite on public\.t: column u
