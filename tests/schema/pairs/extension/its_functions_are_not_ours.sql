-- requires-extension: pgcrypto
-- old
CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp";
CREATE TABLE t (id uuid DEFAULT uuid_generate_v4(), pw text DEFAULT crypt('x', gen_salt('md5')));
-- new
CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp";
CREATE TABLE t (id uuid DEFAULT gen_random_uuid(), pw text);
