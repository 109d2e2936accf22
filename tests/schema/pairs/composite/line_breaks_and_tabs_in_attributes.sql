-- old
-- new
create type c as ("a
b" int, "c	d" text);
