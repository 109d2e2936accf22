-- forbid: DROP COLUMN
-- old
CREATE TABLE t (id int); CREATE TABLE audit (id int);
CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO audit VALUES (NEW.id);
-- new
CREATE TABLE t (id bigint); CREATE TABLE audit (id bigint);
CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO audit VALUES (NEW.id);
