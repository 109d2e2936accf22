-- old
-- new
CREATE FUNCTION len_cmp(text, text) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1) - length($2)';
CREATE FUNCTION len_lt(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT length($1) < length($2)';
CREATE OPERATOR <# (LEFTARG = text, RIGHTARG = text, FUNCTION = len_lt);
CREATE OPERATOR FAMILY len_family USING btree;
CREATE OPERATOR CLASS len_ops FOR TYPE text USING btree FAMILY len_family AS OPERATOR 1 <#, FUNCTION 1 len_cmp(text, text);
