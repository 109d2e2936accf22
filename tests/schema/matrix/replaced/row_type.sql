-- replaced: column_added
-- type: x.t
-- value: NULL::x.t
-- relation: x.t
-- expression: coalesce((NULL::x.t).a, @)
-- row old: ROW(1, 'x')::x.t
-- row new: ROW(1, 'x', 2)::x.t
-- old
CREATE TABLE x.t (a integer, b text);
-- new
CREATE TABLE x.t (a integer, b text, more integer);
-- both
INSERT INTO x.t VALUES (1, 'x');
-- replaced: column_with_default_added
-- type: x.t
-- value: NULL::x.t
-- relation: x.t
-- expression: coalesce((NULL::x.t).a, @)
-- old
CREATE TABLE x.t (a integer, b text);
-- new
CREATE TABLE x.t (a integer, b text, more integer DEFAULT 1);
-- both
INSERT INTO x.t VALUES (1, 'x');
-- replaced: column_retyped
-- type: x.t
-- value: NULL::x.t
-- relation: x.t
-- expression: coalesce((NULL::x.t).a, @)
-- old
CREATE TABLE x.t (a integer, b integer);
-- new
CREATE TABLE x.t (a integer, b bigint);
-- both
INSERT INTO x.t VALUES (1, 2);
-- replaced: used_column_retyped
-- relation: x.t
-- old
CREATE TABLE x.t (a integer, b integer);
-- new
CREATE TABLE x.t (a bigint, b integer);
-- both
INSERT INTO x.t VALUES (1, 2);
-- replaced: generated_column
-- recreates: t\.a
-- relation: x.t
-- type: x.t
-- value: NULL::x.t
-- expression: coalesce((NULL::x.t).a, @)
-- old
CREATE TABLE x.t (b integer, a integer GENERATED ALWAYS AS (b + 1) STORED);
-- new
CREATE TABLE x.t (b integer, a integer GENERATED ALWAYS AS (b + 2) STORED);
-- both
INSERT INTO x.t VALUES (1);
