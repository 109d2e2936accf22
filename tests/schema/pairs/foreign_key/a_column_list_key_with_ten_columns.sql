-- old
-- new
CREATE TABLE p (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int, PRIMARY KEY (a,b,c,d,e,f,g,h,i,j));
CREATE TABLE q (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int, FOREIGN KEY (j,b,c,d,e,f,g,h,i,a) REFERENCES p);
