-- old
CREATE TABLE t (status text, CONSTRAINT status_known CHECK (status IN ('new', 'paid')));
-- new
CREATE TABLE t (status text, CONSTRAINT status_known CHECK (status IN ('new', 'paid', 'refunded')));
