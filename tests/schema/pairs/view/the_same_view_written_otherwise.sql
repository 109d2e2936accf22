-- expect: same
-- old
CREATE TABLE t (a int, b text);
CREATE VIEW v AS SELECT t.a, t.b FROM public.t WHERE t.a>0;
-- new
CREATE TABLE t (a int, b text);
CREATE OR REPLACE VIEW v AS
  select a,
         b
  from t
  where (a > 0);
