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
-- Names are restricted too, where the policy lists neither the relation nor the column.
ALTER TABLE users ADD COLUMN zzcolumn{world} int CONSTRAINT zzlimit{world} CHECK (zzcolumn{world} > 0);
CREATE INDEX zzindex{world} ON users (phone);
CREATE STATISTICS zzstatistics{world} ON phone, email FROM users;
CREATE TABLE zztable{world} (zzkey{world} serial PRIMARY KEY, user_id int8 REFERENCES users ON UPDATE CASCADE);
CREATE VIEW zzview{world} AS SELECT phone AS zzphone{world} FROM users;
CREATE PUBLICATION pub FOR TABLE messages;
ANALYZE;
