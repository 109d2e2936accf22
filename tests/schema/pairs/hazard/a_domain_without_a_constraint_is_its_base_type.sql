-- no-hazard: table rewrite
-- base
CREATE DOMAIN g AS int;
CREATE DOMAIN u AS text;
-- old
CREATE TABLE t (a int, b g, c text, h text);
-- new
CREATE TABLE t (a g, b int, c u, h varchar);
