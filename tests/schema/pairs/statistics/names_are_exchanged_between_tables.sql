-- old
CREATE TABLE a (x int, y int); CREATE TABLE b (x int, y int); CREATE STATISTICS s ON x, y FROM a; CREATE STATISTICS t (mcv) ON x, y FROM b;
-- new
CREATE TABLE a (x int, y int); CREATE TABLE b (x int, y int); CREATE STATISTICS t ON x, y FROM a; CREATE STATISTICS s (mcv) ON x, y FROM b; ALTER STATISTICS s SET STATISTICS 0;
