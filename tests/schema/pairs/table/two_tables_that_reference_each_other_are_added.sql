-- old
-- new
CREATE TABLE department (id int PRIMARY KEY, head int);
CREATE TABLE employee (id int PRIMARY KEY, department int NOT NULL REFERENCES department);
ALTER TABLE department ADD CONSTRAINT department_head_fkey FOREIGN KEY (head) REFERENCES employee;
