-- old
CREATE TABLE p (a int, b int);
CREATE UNIQUE INDEX p_u ON p (a);
CREATE TABLE c (a int, CONSTRAINT c_fk FOREIGN KEY (a) REFERENCES p (a));
-- new
CREATE TABLE p (a int, b int);
CREATE UNIQUE INDEX p_u ON p (a) INCLUDE (b);
CREATE TABLE c (a int, CONSTRAINT c_fk FOREIGN KEY (a) REFERENCES p (a));
