-- old
CREATE TABLE "Ü t" ("ä" int, "b WHERE" int);
CREATE INDEX "ein langer Name, der genau dreiundsechzig Zeichen lang ist, ja." ON "Ü t" ("ä");
CREATE INDEX "ein langer Name, der genau dreiundsechzig Zeichen lang ist. ja." ON "Ü t" ("b WHERE") WHERE "ä" > 0;
-- new
CREATE TABLE "Ü t" ("ä" int, "b WHERE" int);
CREATE INDEX "ein langer Name, der genau dreiundsechzig Zeichen lang ist, ja." ON "Ü t" ("b WHERE");
CREATE INDEX "ein langer Name, der genau dreiundsechzig Zeichen lang ist. ja." ON "Ü t" ("ä") WHERE "b WHERE" > 0;
