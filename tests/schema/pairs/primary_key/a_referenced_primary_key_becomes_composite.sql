-- old
CREATE TABLE account (tenant int NOT NULL, id int PRIMARY KEY);
CREATE TABLE invoice (tenant int NOT NULL, account int REFERENCES account);
-- new
CREATE TABLE account (tenant int NOT NULL, id int, PRIMARY KEY (tenant, id));
CREATE TABLE invoice (tenant int NOT NULL, account int, FOREIGN KEY (tenant, account) REFERENCES account);
