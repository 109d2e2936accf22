-- old
CREATE TABLE country (code char(2) PRIMARY KEY);
CREATE TABLE address (id int PRIMARY KEY, country char(2) REFERENCES country);
-- new
CREATE TABLE address (id int PRIMARY KEY, country char(2));
