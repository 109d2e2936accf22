-- requires-extension: pgcrypto
-- requires-extension: uuid-ossp
-- old
CREATE EXTENSION "uuid-ossp"; CREATE TABLE t (id uuid PRIMARY KEY DEFAULT uuid_generate_v4(), token text DEFAULT uuid_generate_v1()::text);
-- new
CREATE EXTENSION pgcrypto; CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), token text DEFAULT encode(gen_random_bytes(16), 'hex'));
