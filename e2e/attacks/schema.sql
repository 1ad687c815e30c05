-- The database that the attacks are written against. {world} is replaced by 1 or 2: two databases that differ only in
-- what policy.toml restricts. Every restricted text holds "zz", and nothing shown does: a stream with "zz" in
-- it is a leak (no error or echo of the corpus brings one back), also without the second world.
CREATE TABLE users (
    user_id int8 PRIMARY KEY, username text NOT NULL, email text, phone text, birth date, country text,
    score int4, profile jsonb, last_ip inet, joined timestamptz, note varchar(40), deleted_at timestamptz,
    phone_tail text GENERATED ALWAYS AS (right(phone, 4)) STORED);
INSERT INTO users SELECT g, 'user' || g, 'u' || g || 'zz{world}@example.org', '+35{world}zz' || g * 7,
    date '1980-01-01' + (g % 365) * {world}, (ARRAY['IE','NO','DE','FR'])[1 + g % 4], (g % 50) * 10 + {world},
    jsonb_build_object('lang', 'en', 'phone', 'zz{world}' || g), ('10.1.' || g % 250 || '.{world}')::inet,
    timestamptz '2024-03-01 00:00:00+00' + make_interval(days => (g % 90)::int, secs => g * {world}),
    'zznote{world}', CASE WHEN g % 10 = 0 THEN timestamptz '2024-06-01' + make_interval(secs => {world}) END
    FROM generate_series(1, 200) g;
CREATE TABLE videos (
    video_id int8 PRIMARY KEY, user_id int8 REFERENCES users ON UPDATE CASCADE, title text, visibility text NOT NULL, views int4,
    tags text[], created_at timestamptz NOT NULL DEFAULT '2024-05-01');
INSERT INTO videos SELECT g, 1 + g % 200, CASE WHEN g % 3 = 0 THEN 'zzprivate{world}\' ELSE 'film ' || g END,
    CASE WHEN g % 3 = 0 THEN 'private' ELSE 'public' END, CASE WHEN g % 3 = 0 THEN {world} * 1000003 ELSE g END,
    CASE WHEN g % 3 = 0 THEN ARRAY['zz{world}'] ELSE ARRAY['tag' || g % 5] END
    FROM generate_series(1, 600) g;
CREATE INDEX videos_views ON videos (views);
CREATE TABLE messages (message_id serial PRIMARY KEY, sender int8 REFERENCES users ON UPDATE CASCADE, body text CHECK (body <> 'zzcheck{world}'));
INSERT INTO messages (sender, body) SELECT g, 'zzbody{world}' FROM generate_series(1, 100 * {world}) g;
COMMENT ON TABLE messages IS 'zzcomment{world}';
COMMENT ON COLUMN users.phone IS 'zzcomment{world}';
CREATE TABLE friends (a int8 REFERENCES users ON UPDATE CASCADE, b int8 REFERENCES users ON UPDATE CASCADE, since date);
INSERT INTO friends SELECT g, g + 1, date '2024-01-01' FROM generate_series(1, 150) g;
-- Its row filter costs more than most conditions, so that the server would evaluate those first. Some hidden values raise in the first world only.
CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE costly (
    id int8 PRIMARY KEY, owner int8 REFERENCES users ON UPDATE CASCADE, amount int4, big numeric, words text, wide int8, low int4, ratio int4,
    plain text COLLATE "C", posix text COLLATE "POSIX", fold text COLLATE folded, list int4[]);
INSERT INTO costly SELECT g, g, 100, 1, '12', 1, 1, 100, 'a', 'a', 'a', ARRAY[5] FROM generate_series(1, 150) g;
INSERT INTO costly SELECT g, g, {world} * 7, 10::numeric ^ (800 - 400 * {world}), 'zz' || repeat('\', 2 - {world}), 10::numeric ^ (20 - 10 * {world}),
    CASE {world} WHEN 1 THEN -2147483648 ELSE 1 END, {world} * 7, 'a', 'a', 'a', array_fill({world}, ARRAY[3 - {world}]) FROM generate_series(151, 200) g;
-- Every row of it is hidden, by a filter in place that costs more than most conditions.
CREATE TABLE ghosts (id int8, mark text);
INSERT INTO ghosts SELECT g, 'zz{world}' FROM generate_series(1, 20 - 10 * {world}) g;
CREATE VIEW rates AS SELECT id, amount, 100 / (amount - 7) AS rate FROM costly;
CREATE VIEW amounts AS SELECT id, amount, words FROM costly;
CREATE VIEW joined AS SELECT x FROM (VALUES (1e400), (2.0)) a(x) JOIN (VALUES (1::float8), (2::float8)) b(x) USING (x);
CREATE VIEW united AS SELECT x FROM (VALUES (1e400), (2.0)) a(x) UNION SELECT 1::float8;
CREATE VIEW few WITH (security_barrier) AS SELECT views, title FROM videos WHERE md5(md5(md5(md5(title)))) <> '' AND views <> 7;
CREATE VIEW owners AS SELECT v.video_id, u.user_id, u.user_id AS same, GREATEST(u.user_id, 5) AS greatest FROM videos v JOIN users u USING (user_id);
CREATE VIEW owners_named WITH (security_barrier) AS SELECT o.user_id, o.same, u.username FROM owners o JOIN users u ON u.user_id = o.user_id WHERE u.country <> 'DE';
CREATE VIEW circles AS SELECT a, array_agg(b) AS bs, (array_agg(b))[1] AS first FROM friends GROUP BY a;
CREATE VIEW rings AS SELECT a, array_agg(b) AS bs FROM friends GROUP BY a;
CREATE VIEW everybody AS SELECT a AS who, ROW(a, b) IS NULL AS whole FROM friends UNION SELECT CASE WHEN user_id = 5 THEN NULL ELSE user_id END, true FROM users;
CREATE VIEW public_videos AS SELECT v.video_id, u.username, v.title FROM videos v JOIN users u USING (user_id);
CREATE VIEW phones AS SELECT user_id, phone FROM users;
CREATE MATERIALIZED VIEW stats AS SELECT count(*) AS n, max(phone) AS p FROM users;
CREATE FUNCTION own_leak() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT phone FROM public.users ORDER BY 1 LIMIT 1';
CREATE FUNCTION pg_catalog.own_leak_too() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT phone FROM public.users ORDER BY 1 LIMIT 1';
CREATE FUNCTION own_raise(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
CREATE OPERATOR public.~~~ (FUNCTION = own_raise, RIGHTARG = text);
CREATE TYPE mood AS ENUM ('good', 'bad');
-- Types of people's own: what runs their code or names objects, and what does not.
CREATE TYPE pair AS (a int4, b text);
CREATE TYPE naming AS (relation regclass);
CREATE DOMAIN tattler AS text CHECK (own_raise(VALUE));
CREATE DOMAIN teller AS text CHECK (VALUE < own_leak());
CREATE DOMAIN relation_name AS regclass;
CREATE DOMAIN small AS int4 CHECK (VALUE < 100);
CREATE TYPE hiding AS (person users, n int4);
CREATE DOMAIN tattlers AS text[] CHECK (VALUE[1] < own_leak());
CREATE DOMAIN tattlers_too AS tattlers;
CREATE TYPE telling AS (a int4, all_of tattlers);
CREATE DOMAIN relation_names AS regclass[];
CREATE DOMAIN shade AS text COLLATE folded;
CREATE TYPE folding AS (a text COLLATE folded, b shade);
CREATE TYPE text_range AS RANGE (subtype = text);
CREATE FUNCTION own_canonical(int4) RETURNS int4 LANGUAGE sql AS 'SELECT $1';
-- Names are restricted too, where the policy lists neither the relation nor the column.
ALTER TABLE users ADD COLUMN zzcolumn{world} int CONSTRAINT zzlimit{world} CHECK (zzcolumn{world} > 0);
CREATE INDEX zzindex{world} ON users (phone);
CREATE STATISTICS zzstatistics{world} ON phone, email FROM users;
CREATE TABLE zztable{world} (zzkey{world} serial PRIMARY KEY, user_id int8 REFERENCES users ON UPDATE CASCADE);
CREATE VIEW zzview{world} AS SELECT phone AS zzphone{world} FROM users;
CREATE PUBLICATION pub FOR TABLE messages;
-- What is declared. Over what is hidden, masked or a pseudonym it differs between the worlds; names of shown things do not.
CREATE SCHEMA zzschema{world};
ALTER DEFAULT PRIVILEGES IN SCHEMA zzschema{world} GRANT SELECT ON TABLES TO PUBLIC;
CREATE DOMAIN zipped AS text DEFAULT 'zzdefault{world}' CONSTRAINT zipped_check CHECK (VALUE <> 'zzdomain{world}');
ALTER TABLE users ADD COLUMN zip zipped, ADD COLUMN initial text GENERATED ALWAYS AS (left(phone, 1 + 0 * 70{world}07)) STORED, ADD COLUMN shout text GENERATED ALWAYS AS (upper(email || 'zz{world}')) STORED,
    ALTER email SET DEFAULT 'zzdefault{world}', ALTER score SET DEFAULT 70{world}07, ALTER email SET (n_distinct = 70{world}07), ALTER birth SET DEFAULT date '2000-01-01' + {world},
    ADD CONSTRAINT scored CHECK (score <> 70{world}07), ADD CONSTRAINT numbered CHECK (user_id <> 70{world}07), ADD CONSTRAINT named_or_phoned CHECK (username <> '' OR phone <> 'zz{world}'),
    ADD CONSTRAINT whole_row CHECK (users IS NOT NULL OR '{world}' <> ''), ADD CONSTRAINT named CHECK (username <> 'nobody');
CREATE SEQUENCE user_ids START 70{world}07 OWNED BY users.user_id;
CREATE SEQUENCE free_ids START 70{world}07;
CREATE SEQUENCE video_ids START 7 OWNED BY videos.video_id;
SELECT setval('video_ids', 1000 * {world});
ALTER TABLE users ALTER user_id SET DEFAULT nextval('user_ids');
ALTER TABLE videos ALTER video_id SET DEFAULT nextval('video_ids'), ALTER views SET DEFAULT nextval('zztable{world}_zzkey{world}_seq'), ALTER title SET DEFAULT 'zztable{world}'::regclass::text, ALTER visibility SET DEFAULT 'private';
CREATE INDEX videos_lower ON videos (lower(title)) WHERE views > 5;
CREATE INDEX videos_of_user ON videos (title) WHERE user_id = 70{world}07;
CREATE INDEX videos_by_user ON videos ((user_id + 70{world}07));
CREATE INDEX users_of_phone ON users (username) WHERE phone = 'zz{world}';
CREATE INDEX users_of_score ON users (username) WHERE score = 70{world}07;
CREATE STATISTICS users_scores ON (score + 70{world}07), username FROM users;
CREATE STATISTICS users_names ON username, country FROM users;
CREATE TABLE parts (user_id int8 REFERENCES users ON UPDATE CASCADE, n int4) PARTITION BY RANGE (user_id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (70{world}07);
CREATE TABLE parts_2 PARTITION OF parts DEFAULT;
CREATE TABLE parts_3 PARTITION OF parts FOR VALUES FROM (1000000) TO (1000101) PARTITION BY RANGE (n);
CREATE TABLE parts_3_small PARTITION OF parts_3 FOR VALUES FROM (0) TO (50);
CREATE TABLE parts_3_rest PARTITION OF parts_3 DEFAULT;
INSERT INTO parts SELECT g, g FROM generate_series(1, 150) g;
-- Partitions by raw identifiers, hidden and masked values: which rows lie in one differs between the worlds.
CREATE TABLE shards (user_id int8 REFERENCES users ON UPDATE CASCADE, n int4) PARTITION BY HASH (user_id);
CREATE TABLE shards_0 PARTITION OF shards FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE shards_1 PARTITION OF shards FOR VALUES WITH (modulus 2, remainder 1);
INSERT INTO shards SELECT g, g FROM generate_series(1, 150) g;
CREATE TABLE risks (id int4, class text, owner int8 REFERENCES users ON UPDATE CASCADE) PARTITION BY LIST (class);
CREATE TABLE risks_high PARTITION OF risks FOR VALUES IN ('zzhigh');
CREATE TABLE risks_low PARTITION OF risks FOR VALUES IN ('zzlow');
INSERT INTO risks SELECT g, CASE WHEN g % (1 + {world}) = 0 THEN 'zzhigh' ELSE 'zzlow' END, g FROM generate_series(1, 60) g;
CREATE TABLE visits (id int4, at date, page text) PARTITION BY LIST (page);
CREATE TABLE visits_home PARTITION OF visits FOR VALUES IN ('home') PARTITION BY RANGE (at);
CREATE TABLE visits_home_may PARTITION OF visits_home FOR VALUES FROM ('2024-05-01') TO ('2024-06-01');
CREATE TABLE visits_home_rest PARTITION OF visits_home DEFAULT;
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
INSERT INTO visits SELECT g, date '2024-01-01' + g * {world}, CASE WHEN g % 2 = 0 THEN 'home' ELSE 'page' || g END FROM generate_series(1, 180) g;
CREATE TABLE calls (id int4, phone text) PARTITION BY RANGE ((left(phone, 4)));
CREATE TABLE calls_ie PARTITION OF calls FOR VALUES FROM ('+353') TO ('+354');
CREATE TABLE calls_rest PARTITION OF calls DEFAULT;
INSERT INTO calls SELECT g, CASE WHEN g % (1 + {world}) = 0 THEN '+353' ELSE '+49' END || 'zz' || g FROM generate_series(1, 60) g;
-- What the twin lacks under a name that only one world has.
CREATE SCHEMA vault;
DO $$ BEGIN
    IF {world} = 1 THEN
        CREATE TABLE vault.feeling (x int4); CREATE TABLE vault.path (x int4); CREATE TABLE vault.videos (x int4); CREATE TABLE zzonly (x int4);
        CREATE FUNCTION vault.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE FUNCTION vault.zzcall(int4) RETURNS int4 LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE FUNCTION vault.zzeq(int4, int4) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE OPERATOR vault.@#@ (LEFTARG = int4, RIGHTARG = int4, FUNCTION = vault.zzeq);
        CREATE TABLE zzparent (id int8 CONSTRAINT positive CHECK (id > 0)); CREATE TABLE orphan (extra int4) INHERITS (zzparent);
        CREATE TABLE zzwhole (id int8) PARTITION BY RANGE (id); CREATE TABLE orphanp PARTITION OF zzwhole DEFAULT;
    ELSE
        CREATE TABLE vault.a1 (x int4); CREATE TABLE vault.a2 (x int4); CREATE TABLE vault.a3 (x int4); CREATE TABLE zzother (x int4);
        CREATE FUNCTION vault.a4(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE FUNCTION vault.a5(int4) RETURNS int4 LANGUAGE sql IMMUTABLE AS 'SELECT $1';
        CREATE FUNCTION vault.a6(int4, int4) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE OPERATOR vault.#@# (LEFTARG = int4, RIGHTARG = int4, FUNCTION = vault.a6);
        CREATE TABLE zznone (id int8 CONSTRAINT positive CHECK (id > 0)); CREATE TABLE orphan (id int8 CONSTRAINT positive CHECK (id > 0), extra int4);
        CREATE TABLE zzno (id int8); CREATE TABLE orphanp (id int8);
    END IF;
END $$;
CREATE DOMAIN feeling AS text;
INSERT INTO orphan (id, extra) VALUES (1, 1); INSERT INTO orphanp VALUES (1);
CREATE VIEW named AS SELECT username FROM users;
CREATE MATERIALIZED VIEW kept AS SELECT username FROM users;
CREATE VIEW risk_ids AS SELECT r.id FROM (SELECT id FROM risks) r WHERE r.id > 1;
CREATE MATERIALIZED VIEW risks_kept AS SELECT id FROM risk_ids;
CREATE VIEW picked AS SELECT id, amount FROM costly WHERE EXISTS (SELECT 1 FROM friends f WHERE f.a = costly.owner);
CREATE VIEW risky AS SELECT id FROM risks_high;
CREATE VIEW risky_or_not AS SELECT id FROM risks;
CREATE FUNCTION zzcall{world}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER zztrigger{world} BEFORE UPDATE ON friends FOR EACH ROW EXECUTE FUNCTION zzcall{world}('zz{world}');
CREATE TRIGGER of_user BEFORE UPDATE ON friends FOR EACH ROW WHEN (new.a = 70{world}07) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TRIGGER of_phone BEFORE UPDATE OF phone ON users FOR EACH ROW WHEN (new.phone = 'zz{world}') EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TRIGGER of_since BEFORE UPDATE OF since ON friends FOR EACH ROW WHEN (new.since < '2000-01-01') EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE POLICY zzpolicy{world} ON videos USING (user_id = 70{world}07);
CREATE RULE zzrule{world} AS ON DELETE TO friends DO ALSO NOTIFY zzchannel{world};
ALTER PUBLICATION pub SET (publish = 'insert');
DO $$BEGIN
    IF current_setting('server_version_num')::int >= 150000 THEN
        EXECUTE 'ALTER PUBLICATION pub ADD TABLE users (user_id, phone) WHERE (user_id <> 70{world}07), videos WHERE (title <> ''zz{world}'')';
    END IF;
END$$;
CREATE FUNCTION zzevent{world}() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER zzevent{world} ON ddl_command_end EXECUTE FUNCTION zzevent{world}();
-- Views that hold constants where a raw identifier or a masked value may meet them.
CREATE VIEW c_where AS SELECT username FROM users WHERE user_id = 70{world}07;
CREATE VIEW c_values AS SELECT u.username FROM users u JOIN (VALUES (70{world}07::int8), (1)) v(id) ON v.id = u.user_id;
CREATE VIEW c_union AS SELECT user_id FROM users UNION ALL SELECT 70{world}07;
CREATE VIEW c_coalesce AS SELECT coalesce(user_id, 70{world}07) AS c FROM users;
CREATE VIEW c_any AS SELECT username FROM users WHERE user_id = ANY (ARRAY[70{world}07, 1]);
CREATE VIEW c_row AS SELECT username FROM users WHERE (user_id, username) = (70{world}07, 'a');
CREATE VIEW c_in AS SELECT username FROM users WHERE user_id IN (SELECT 70{world}07 + views FROM videos);
CREATE VIEW c_case AS SELECT CASE user_id WHEN 70{world}07 THEN 1 END AS c FROM users;
CREATE VIEW c_using AS SELECT username FROM users JOIN (SELECT 70{world}07::int8 AS user_id) x USING (user_id);
CREATE VIEW c_cte AS WITH c(x) AS (SELECT user_id FROM users) SELECT x FROM c WHERE x <> 70{world}07;
CREATE VIEW c_alias AS SELECT z.k FROM (SELECT user_id AS k FROM users) z WHERE z.k <> 70{world}07;
CREATE VIEW c_position AS SELECT v FROM (SELECT video_id AS v FROM videos UNION SELECT user_id FROM users) s WHERE v <> 70{world}07;
CREATE VIEW c_columns AS SELECT s.a FROM users s(a) WHERE s.a <> 70{world}07;
CREATE VIEW c_function AS SELECT username FROM generate_series(70{world}07::int8, 70{world}08) g(n) JOIN users ON user_id = n;
CREATE VIEW c_lag AS SELECT lag(user_id, 1, 70{world}07::int8) OVER (ORDER BY username) AS l FROM users;
CREATE VIEW c_filter AS SELECT count(*) FILTER (WHERE user_id <> 70{world}07) AS n FROM users;
CREATE VIEW c_having AS SELECT country FROM users GROUP BY country HAVING max(score) > 70{world}07;
CREATE VIEW c_exists AS SELECT title FROM videos WHERE EXISTS (SELECT 1 FROM friends f WHERE f.a = 70{world}07);
CREATE VIEW c_scalar AS SELECT username FROM users WHERE (SELECT 70{world}07::int8) = user_id;
CREATE VIEW c_lateral AS SELECT l.x FROM users u, LATERAL (SELECT u.user_id + 70{world}07 AS x) l;
CREATE VIEW c_recursive AS WITH RECURSIVE r(n) AS (SELECT 70{world}07::int8 UNION SELECT user_id FROM users JOIN r ON n = user_id) SELECT n FROM r;
CREATE VIEW c_join AS SELECT j.x FROM (users u JOIN (SELECT 70{world}07 AS m) q ON true) j(x) WHERE j.x = j.phone_tail::int8;
CREATE VIEW renamed(a, b) AS SELECT user_id, username FROM users;
CREATE VIEW over_renamed AS SELECT b FROM renamed WHERE a > 70{world}07;
CREATE VIEW c_nothing AS SELECT video_id, title FROM videos WHERE views > 7 AND title <> 'x';
ANALYZE;
