-- old
-- new
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (m mood NOT NULL DEFAULT 'ok', ms mood[] DEFAULT '{sad}');
