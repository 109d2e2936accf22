-- old
CREATE TABLE t (id int PRIMARY KEY, public_id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE);
-- new
CREATE TABLE t (id int NOT NULL, public_id uuid NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY);
