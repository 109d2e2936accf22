-- forbid: DROP (TABLE|COLUMN)
-- old
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE DOMAIN work_email AS email CONSTRAINT w CHECK (VALUE LIKE '%.com'); CREATE TABLE t (e work_email, f email DEFAULT 'a@b');
-- new
CREATE DOMAIN email AS text CHECK (VALUE ~ '^.+@.+$'); CREATE DOMAIN work_email AS email CONSTRAINT w CHECK (VALUE LIKE '%.org') NOT NULL; CREATE TABLE t (e work_email, f email DEFAULT 'c@d');
