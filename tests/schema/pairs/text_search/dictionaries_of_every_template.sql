-- old
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = 'english'); CREATE TEXT SEARCH DICTIONARY kept (TEMPLATE = simple, STOPWORDS = 'english', ACCEPT = false);
-- new
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = 'english', ACCEPT = false); CREATE TEXT SEARCH DICTIONARY kept (TEMPLATE = simple, ACCEPT = true);
CREATE TEXT SEARCH DICTIONARY stem (TEMPLATE = snowball, LANGUAGE = 'german', STOPWORDS = 'german'); CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple);
CREATE TEXT SEARCH DICTIONARY th (TEMPLATE = thesaurus, DICTFILE = 'thesaurus_sample', DICTIONARY = 'pg_catalog.simple');
CREATE TEXT SEARCH DICTIONARY sy (TEMPLATE = synonym, SYNONYMS = 'synonym_sample', CASESENSITIVE = true); CREATE TEXT SEARCH DICTIONARY isp (TEMPLATE = ispell, DICTFILE = 'ispell_sample', AFFFILE = 'ispell_sample', STOPWORDS = 'english');
