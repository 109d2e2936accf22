-- old
CREATE TABLE "user" ("order" int, "group" text);
-- new
CREATE TABLE "user" ("order" int PRIMARY KEY, "group" text, "select" int DEFAULT 1, "table" int GENERATED ALWAYS AS ("order" + 1) STORED, "check" int CHECK ("check" > 0));
CREATE TYPE "type" AS ENUM ('enum');
CREATE TABLE "table" ("column" "type" DEFAULT 'enum', "user" int REFERENCES "user");
CREATE INDEX "index" ON "table" ("user");
CREATE SEQUENCE "sequence" OWNED BY "table"."column";
CREATE VIEW "view" AS SELECT "column" AS "end" FROM "table";
CREATE FUNCTION "function"("all" "type") RETURNS "table" LANGUAGE sql AS 'SELECT NULL::"table"';
