-- replaced: dictionary
-- expression: length(to_tsvector('x.s'::regconfig, @::text))
-- old
CREATE TEXT SEARCH DICTIONARY x.d (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION x.s (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION x.s ADD MAPPING FOR word, asciiword, uint WITH x.d;
-- new
CREATE TEXT SEARCH DICTIONARY x.d (TEMPLATE = snowball, language = english);
CREATE TEXT SEARCH CONFIGURATION x.s (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION x.s ADD MAPPING FOR word, asciiword, uint WITH x.d;
-- both
COMMENT ON TEXT SEARCH CONFIGURATION x.s IS 'kept';
COMMENT ON TEXT SEARCH DICTIONARY x.d IS 'kept';
-- replaced: used_dictionary
-- expression: length(ts_lexize('x.d'::regdictionary, @::text)::text)
-- old
CREATE TEXT SEARCH DICTIONARY x.d (TEMPLATE = simple);
-- new
CREATE TEXT SEARCH DICTIONARY x.d (TEMPLATE = snowball, language = english);
-- replaced: mapping
-- expression: length(to_tsvector('x.s'::regconfig, @::text))
-- old
CREATE TEXT SEARCH CONFIGURATION x.s (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION x.s ADD MAPPING FOR word, asciiword, uint WITH simple;
-- new
CREATE TEXT SEARCH CONFIGURATION x.s (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION x.s ADD MAPPING FOR word, asciiword WITH simple;
