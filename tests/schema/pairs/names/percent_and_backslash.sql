-- old
-- new
CREATE TABLE "a%s\b" ("c%\" text DEFAULT E'\\%s\n', "$1" int, "?" int, ":x" int);
COMMENT ON COLUMN "a%s\b"."?" IS '?? :x $1 %s';
