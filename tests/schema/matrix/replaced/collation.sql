-- replaced: locale
-- collation: x.l
-- expression: CASE WHEN @::text < 'b' COLLATE x.l THEN 1 ELSE 0 END
-- old
CREATE COLLATION x.l (provider = icu, locale = 'en');
-- new
CREATE COLLATION x.l (provider = icu, locale = 'de');
-- both
COMMENT ON COLLATION x.l IS 'kept';
-- replaced: nondeterministic
-- collation: x.l
-- expression: CASE WHEN @::text < 'b' COLLATE x.l THEN 1 ELSE 0 END
-- old
CREATE COLLATION x.l (provider = icu, locale = 'en');
-- new
CREATE COLLATION x.l (provider = icu, locale = 'en', deterministic = false);
-- replaced: provider
-- collation: x.l
-- expression: CASE WHEN @::text < 'b' COLLATE x.l THEN 1 ELSE 0 END
-- old
CREATE COLLATION x.l (provider = icu, locale = 'en');
-- new
CREATE COLLATION x.l (provider = libc, locale = 'C');
