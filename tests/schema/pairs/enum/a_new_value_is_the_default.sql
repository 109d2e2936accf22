-- forbid: DROP
-- old
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE t (s state DEFAULT 'open');
-- new
CREATE TYPE state AS ENUM ('draft', 'open', 'closed');
CREATE TABLE t (s state DEFAULT 'draft');
