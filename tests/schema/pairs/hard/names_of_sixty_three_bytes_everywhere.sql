-- old
CREATE SCHEMA "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß";
CREATE TABLE "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß"."select" ("from" int PRIMARY KEY, "äöü äöü äöü äöü äöü äöü äöü äöü äöü1" int, "A.b" text);
-- new
CREATE SCHEMA "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß";
CREATE TABLE "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß"."select" ("from" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "äöü äöü äöü äöü äöü äöü äöü äöü äöü1" int NOT NULL DEFAULT 3, "A.b" varchar(9) CHECK ("A.b" <> '''"'));
CREATE INDEX "ıİ äöü äöü äöü äöü äöü äöü äöü äöü äö" ON "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß"."select" ("A.b") WHERE "äöü äöü äöü äöü äöü äöü äöü äöü äöü1" > 0;
CREATE VIEW "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß"."view" AS SELECT "from" AS "to", "A.b" FROM "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß"."select";
COMMENT ON COLUMN "Größe ""x"" ßßßßßßßßßßßßßßßßßßßßßßßßßßßß"."select"."A.b" IS E'back\\slash ''q'' $$x$$';
