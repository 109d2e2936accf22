-- old
CREATE TABLE "order" ("user" int, "select" text);
-- new
CREATE TABLE "order" ("user" bigint NOT NULL, "select" text DEFAULT 'x', "json_value" int, "Time" timestamp, CONSTRAINT "check" CHECK ("user" > 0), CONSTRAINT "primary" PRIMARY KEY ("user")); CREATE INDEX "table" ON "order" ("select", lower("select")); CREATE TYPE "type" AS ENUM ('x'); ALTER TABLE "order" ADD "enum" "type" DEFAULT 'x'; CREATE VIEW "view" AS SELECT "user", "select" AS "from", "json_value" FROM "order";
