-- forbid: DROP
-- old
CREATE SEQUENCE s;
CREATE TABLE t (id bigint DEFAULT nextval('s'));
-- new
CREATE SEQUENCE s;
CREATE TABLE t (id bigint DEFAULT nextval('s'));
ALTER SEQUENCE s OWNED BY t.id;
