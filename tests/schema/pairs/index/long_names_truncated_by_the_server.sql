-- old
CREATE TABLE a_very_long_table_name_that_is_used_for_no_other_reason_than_len (a_very_long_column_name_number_one int UNIQUE, b int CHECK (b > 0), c serial);
-- new
CREATE TABLE a_very_long_table_name_that_is_used_for_no_other_reason_than_len (a_very_long_column_name_number_one bigint UNIQUE, b int CHECK (b > 1), c bigserial, a_very_long_column_name_number_two int UNIQUE NOT NULL);
