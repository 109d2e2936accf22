-- forbid: DROP
-- one-way
-- old
CREATE SEQUENCE s;
-- new
CREATE SEQUENCE s INCREMENT BY 5 CACHE 3;
-- data
SELECT nextval('s'), nextval('s'), nextval('s');
-- check: SELECT last_value FROM s; => 3
