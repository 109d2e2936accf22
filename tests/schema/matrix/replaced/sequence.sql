-- replaced: data_type
-- volatile: nextval('x.s')::integer
-- old
CREATE SEQUENCE x.s AS integer;
-- new
CREATE SEQUENCE x.s AS bigint CYCLE;
-- replaced: becomes_owned
-- volatile: nextval('x.s')::integer
-- old
CREATE SEQUENCE x.s;
CREATE TABLE x.t (a bigint);
-- new
CREATE TABLE x.t (a bigint);
CREATE SEQUENCE x.s OWNED BY x.t.a;
ALTER TABLE x.t ALTER a SET DEFAULT nextval('x.s');
-- replaced: persistence
-- volatile: nextval('x.s')::integer
-- old
CREATE SEQUENCE x.s;
-- new
CREATE UNLOGGED SEQUENCE x.s;
