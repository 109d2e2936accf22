-- old
-- new
create table t(a int); alter table t owner to "weird role";
