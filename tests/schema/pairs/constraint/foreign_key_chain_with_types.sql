-- old
CREATE TABLE country (code char(2) PRIMARY KEY); CREATE TABLE city (id int PRIMARY KEY, country char(2) REFERENCES country ON UPDATE CASCADE); CREATE TABLE person (id int PRIMARY KEY, city int REFERENCES city, country char(2), FOREIGN KEY (country) REFERENCES country);
-- new
CREATE TABLE country (code varchar(3) PRIMARY KEY, name text); CREATE TABLE city (id bigint PRIMARY KEY, country varchar(3) REFERENCES country ON UPDATE CASCADE); CREATE TABLE person (id bigint PRIMARY KEY, city bigint REFERENCES city ON DELETE SET NULL, country varchar(3), FOREIGN KEY (country) REFERENCES country DEFERRABLE);
-- data
INSERT INTO country VALUES ('de'); INSERT INTO city VALUES (1,'de'); INSERT INTO person VALUES (1,1,'de');
