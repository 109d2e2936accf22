-- old
-- new
CREATE VIEW nothing AS SELECT;
