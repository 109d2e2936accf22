-- old
CREATE TABLE "My ""Table""" ("the id" int PRIMARY KEY, "größe" int);
-- new
CREATE TABLE "My ""Table""" ("the id" bigint PRIMARY KEY, "größe" numeric DEFAULT 1, "naïve-col" text CONSTRAINT "is; ok" CHECK ("naïve-col" <> 'it''s'));
CREATE INDEX "an index" ON "My ""Table""" ("größe" DESC, lower("naïve-col"));
CREATE SCHEMA "Üb er";
CREATE TABLE "Üb er"."select" ("from" int REFERENCES "My ""Table""" ("the id"), "WHERE" text);
CREATE VIEW "Üb er"."View" AS SELECT "from" AS "order" FROM "Üb er"."select";
CREATE FUNCTION "Üb er"."f'x"("a b" int DEFAULT 1) RETURNS int LANGUAGE sql AS $f$SELECT "a b"$f$;
COMMENT ON FUNCTION "Üb er"."f'x"(int) IS 'f';
