-- replaced: function
-- expression: @ OPERATOR(x.<+>) 1
-- old
CREATE OPERATOR x.<+> (leftarg = integer, rightarg = integer, function = int4pl);
-- new
CREATE OPERATOR x.<+> (leftarg = integer, rightarg = integer, function = int4mul);
-- both
COMMENT ON OPERATOR x.<+> (integer, integer) IS 'kept';
-- replaced: commutator
-- expression: @ OPERATOR(x.<+>) 1
-- old
CREATE OPERATOR x.<+> (leftarg = integer, rightarg = integer, function = int4pl);
-- new
CREATE OPERATOR x.<+> (leftarg = integer, rightarg = integer, function = int4pl, commutator = OPERATOR(x.<+>));
-- replaced: result
-- expression: (@ OPERATOR(x.<+>) 1)::integer
-- old
CREATE OPERATOR x.<+> (leftarg = integer, rightarg = integer, function = int4pl);
-- new
CREATE FUNCTION x.plus(a integer, b integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT a::bigint + b';
CREATE OPERATOR x.<+> (leftarg = integer, rightarg = integer, function = x.plus);
-- replaced: class
-- operator_class: x.o
-- old
CREATE OPERATOR x.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = OPERATOR(x.===));
CREATE OPERATOR x.<<< (leftarg = integer, rightarg = integer, function = int4lt);
CREATE OPERATOR CLASS x.o FOR TYPE integer USING btree AS OPERATOR 3 x.===, FUNCTION 1 btint4cmp(integer, integer);
-- new
CREATE OPERATOR x.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = OPERATOR(x.===));
CREATE OPERATOR x.<<< (leftarg = integer, rightarg = integer, function = int4lt);
CREATE OPERATOR CLASS x.o FOR TYPE integer USING btree AS OPERATOR 1 x.<<<, OPERATOR 3 x.===, FUNCTION 1 btint4cmp(integer, integer);
-- both
COMMENT ON OPERATOR CLASS x.o USING btree IS 'kept';
-- replaced: class_function
-- operator_class: x.o
-- old
CREATE FUNCTION x.compare(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT a - b';
CREATE OPERATOR x.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = OPERATOR(x.===));
CREATE OPERATOR CLASS x.o FOR TYPE integer USING btree AS OPERATOR 3 x.===, FUNCTION 1 x.compare(integer, integer);
-- new
CREATE FUNCTION x.compare(b integer, c integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT b - c';
CREATE OPERATOR x.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = OPERATOR(x.===));
CREATE OPERATOR CLASS x.o FOR TYPE integer USING btree AS OPERATOR 3 x.===, FUNCTION 1 x.compare(integer, integer);
-- replaced: family
-- operator_class: x.o
-- old
CREATE OPERATOR x.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = OPERATOR(x.===));
CREATE OPERATOR FAMILY x.one USING btree;
CREATE OPERATOR FAMILY x.other USING btree;
CREATE OPERATOR CLASS x.o FOR TYPE integer USING btree FAMILY x.one AS OPERATOR 3 x.===, FUNCTION 1 btint4cmp(integer, integer);
-- new
CREATE OPERATOR x.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = OPERATOR(x.===));
CREATE OPERATOR FAMILY x.one USING btree;
CREATE OPERATOR FAMILY x.other USING btree;
CREATE OPERATOR CLASS x.o FOR TYPE integer USING btree FAMILY x.other AS OPERATOR 3 x.===, FUNCTION 1 btint4cmp(integer, integer);
