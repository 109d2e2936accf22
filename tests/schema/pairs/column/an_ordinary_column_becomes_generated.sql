-- recreates: line.total
-- one-way
-- old
CREATE TABLE line (qty int, price numeric, total numeric);
-- new
CREATE TABLE line (qty int, price numeric, total numeric GENERATED ALWAYS AS (qty * price) STORED);
