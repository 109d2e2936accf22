-- forbid: DROP (INDEX|OPERATOR CLASS)
-- old
CREATE OPERATOR FAMILY fam USING btree; CREATE OPERATOR CLASS i4 FOR TYPE int USING btree FAMILY fam AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int); CREATE TABLE t (a int); CREATE INDEX i ON t (a i4);
ALTER OPERATOR FAMILY fam USING btree ADD OPERATOR 1 < (int, smallint), FUNCTION 1 (int, smallint) btint42cmp(int, smallint);
-- new
CREATE OPERATOR FAMILY fam USING btree; CREATE OPERATOR CLASS i4 FOR TYPE int USING btree FAMILY fam AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int); CREATE TABLE t (a int); CREATE INDEX i ON t (a i4);
ALTER OPERATOR FAMILY fam USING btree ADD OPERATOR 1 < (int, bigint), OPERATOR 3 = (int, bigint), FUNCTION 1 (int, bigint) btint48cmp(int, bigint);
