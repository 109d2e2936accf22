-- old
-- new
CREATE TABLE point_of_sale (id int, name text);
CREATE TABLE shift (id int, pos point_of_sale);
