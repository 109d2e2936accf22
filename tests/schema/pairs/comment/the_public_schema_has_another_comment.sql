-- old
-- new
COMMENT ON SCHEMA public IS 'ours';
