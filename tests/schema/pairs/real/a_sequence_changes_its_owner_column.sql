-- forbid: DROP (TABLE|COLUMN|SEQUENCE)
-- old
CREATE SEQUENCE s; CREATE TABLE a (id int DEFAULT nextval('s')); CREATE TABLE b (id int); ALTER SEQUENCE s OWNED BY a.id;
-- new
CREATE SEQUENCE s; CREATE TABLE a (id int); CREATE TABLE b (id int DEFAULT nextval('s')); ALTER SEQUENCE s OWNED BY b.id;
