-- old
CREATE VIEW v AS SELECT relname FROM pg_class; CREATE VIEW w AS SELECT table_name FROM information_schema.tables;
-- new
CREATE VIEW v AS SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace; CREATE VIEW w AS SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = current_schema(); CREATE VIEW x AS SELECT pid, query FROM pg_stat_activity;
