-- base
CREATE TABLE t (a text, "b WHERE " text);
-- old
CREATE INDEX w ON t ((a || ' WITH (x)')) WITH (fillfactor = 70);
-- new
CREATE INDEX i ON t ((a || ' WHERE ')) TABLESPACE lakebase_space;
CREATE INDEX j ON t ((a || ' WHERE ')) TABLESPACE lakebase_space WHERE "b WHERE " > ' WHERE ';
CREATE INDEX k ON t ("b WHERE ") WITH (fillfactor = 70) TABLESPACE lakebase_space WHERE a > '';
CREATE INDEX w ON t ((a || ' WITH (x)')) WITH (fillfactor = 80);
-- require: ALTER INDEX public\.w SET \(fillfactor='80'\)
