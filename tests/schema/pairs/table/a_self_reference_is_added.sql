-- old
CREATE TABLE category (id int PRIMARY KEY, parent_id int);
-- new
CREATE TABLE category (id int PRIMARY KEY, parent_id int REFERENCES category ON DELETE CASCADE);
