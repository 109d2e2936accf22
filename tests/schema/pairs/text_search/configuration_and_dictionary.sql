-- old
-- new
CREATE TEXT SEARCH DICTIONARY my_english (TEMPLATE = snowball, Language = english, StopWords = english);
CREATE TEXT SEARCH CONFIGURATION my_cfg (COPY = english);
ALTER TEXT SEARCH CONFIGURATION my_cfg ALTER MAPPING FOR word, asciiword WITH my_english, simple;
COMMENT ON TEXT SEARCH CONFIGURATION my_cfg IS 'cfg'; COMMENT ON TEXT SEARCH DICTIONARY my_english IS 'dict';
