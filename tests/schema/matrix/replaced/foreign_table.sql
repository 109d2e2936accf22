-- replaced: server
-- type: x.t
-- value: NULL::x.t
-- relation: x.t
-- expression: coalesce((NULL::x.t).a, @)
-- old
CREATE FOREIGN DATA WRAPPER xw;
CREATE SERVER one FOREIGN DATA WRAPPER xw;
CREATE SERVER other FOREIGN DATA WRAPPER xw;
CREATE FOREIGN TABLE x.t (a integer, b integer) SERVER one;
-- new
CREATE FOREIGN DATA WRAPPER xw;
CREATE SERVER one FOREIGN DATA WRAPPER xw;
CREATE SERVER other FOREIGN DATA WRAPPER xw;
CREATE FOREIGN TABLE x.t (a integer, b integer) SERVER other;
-- both
COMMENT ON FOREIGN TABLE x.t IS 'kept';
GRANT SELECT ON x.t TO alice;
-- replaced: wrapper_of_server
-- type: x.t
-- value: NULL::x.t
-- relation: x.t
-- expression: coalesce((NULL::x.t).a, @)
-- old
CREATE FOREIGN DATA WRAPPER xw;
CREATE FOREIGN DATA WRAPPER xv;
CREATE SERVER one TYPE 'a' FOREIGN DATA WRAPPER xw;
CREATE FOREIGN TABLE x.t (a integer, b integer) SERVER one;
CREATE USER MAPPING FOR PUBLIC SERVER one;
-- new
CREATE FOREIGN DATA WRAPPER xw;
CREATE FOREIGN DATA WRAPPER xv;
CREATE SERVER one TYPE 'b' FOREIGN DATA WRAPPER xv;
CREATE FOREIGN TABLE x.t (a integer, b integer) SERVER one;
CREATE USER MAPPING FOR PUBLIC SERVER one;
-- replaced: column_retyped
-- type: x.t
-- value: NULL::x.t
-- relation: x.t
-- expression: coalesce((NULL::x.t).a, @)
-- old
CREATE FOREIGN DATA WRAPPER xw;
CREATE SERVER one FOREIGN DATA WRAPPER xw;
CREATE FOREIGN TABLE x.t (a integer, b integer) SERVER one;
-- new
CREATE FOREIGN DATA WRAPPER xw;
CREATE SERVER one FOREIGN DATA WRAPPER xw;
CREATE FOREIGN TABLE x.t (a integer, b bigint) SERVER one;
