-- old
CREATE TABLE a (id int);
CREATE POLICY p ON a FOR INSERT TO alice, bob WITH CHECK (id > 0);
CREATE POLICY q ON a FOR UPDATE USING (true);
CREATE POLICY r ON a TO current_user USING (true);
-- new
CREATE TABLE a (id int);
CREATE POLICY p ON a FOR INSERT TO PUBLIC WITH CHECK (id > 1);
CREATE POLICY q ON a FOR UPDATE TO app_reader USING (id > 0) WITH CHECK (id > 0);
CREATE POLICY "R" ON a TO current_user USING (true);
