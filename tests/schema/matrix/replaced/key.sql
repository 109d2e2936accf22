-- replaced: primary_key_with_more
-- key: x.t
-- old
CREATE TABLE x.t (a integer, b integer, CONSTRAINT k PRIMARY KEY (a));
-- new
CREATE TABLE x.t (a integer, b integer, CONSTRAINT k PRIMARY KEY (a) INCLUDE (b));
-- both
INSERT INTO x.t VALUES (1, 1);
COMMENT ON CONSTRAINT k ON x.t IS 'kept';
-- replaced: primary_key_renamed
-- key: x.t
-- old
CREATE TABLE x.t (a integer, b integer, CONSTRAINT k PRIMARY KEY (a));
-- new
CREATE TABLE x.t (a integer, b integer, CONSTRAINT l PRIMARY KEY (a) INCLUDE (b));
-- both
INSERT INTO x.t VALUES (1, 1);
-- replaced: column_retyped
-- key: x.t
-- old
CREATE TABLE x.t (a integer PRIMARY KEY, b integer);
-- new
CREATE TABLE x.t (a bigint PRIMARY KEY, b integer);
-- both
INSERT INTO x.t VALUES (1, 1);
-- replaced: partitioned_key_with_more
-- key: x.t
-- old
CREATE TABLE x.t (a integer, b integer, CONSTRAINT k PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE x.p PARTITION OF x.t FOR VALUES FROM (0) TO (10);
-- new
CREATE TABLE x.t (a integer, b integer, CONSTRAINT k PRIMARY KEY (a) INCLUDE (b)) PARTITION BY RANGE (a);
CREATE TABLE x.p PARTITION OF x.t FOR VALUES FROM (0) TO (10);
-- both
INSERT INTO x.t VALUES (1, 1);
