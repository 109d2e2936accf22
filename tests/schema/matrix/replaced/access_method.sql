-- replaced: handler
-- method: xam
-- old
CREATE FUNCTION x.handler(internal) RETURNS table_am_handler LANGUAGE internal AS 'heap_tableam_handler';
CREATE ACCESS METHOD xam TYPE TABLE HANDLER heap_tableam_handler;
-- new
CREATE FUNCTION x.handler(internal) RETURNS table_am_handler LANGUAGE internal AS 'heap_tableam_handler';
CREATE ACCESS METHOD xam TYPE TABLE HANDLER x.handler;
