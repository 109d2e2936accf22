-- old
CREATE TABLE "Item" (id int); CREATE TABLE item (id int);
-- new
CREATE TABLE "Item" (id int, "ID" int); CREATE TABLE item ("Id" int);
