-- A small social-video database, the same at every run: no clock, no random(). policy.toml says what of it is restricted.
CREATE SCHEMA app;
CREATE SCHEMA dim;
CREATE SCHEMA "Reporting";
CREATE TYPE visibility AS ENUM ('public', 'friends', 'private');

CREATE TABLE dim.countries (
    code char(2) PRIMARY KEY, name text NOT NULL, region text NOT NULL, tz text NOT NULL, population bigint);
INSERT INTO dim.countries VALUES
    ('IE', 'Ireland', 'Europe', 'Europe/Dublin', 5281600), ('NO', 'Norway', 'Europe', 'Europe/Oslo', 5550203),
    ('DE', 'Germany', 'Europe', 'Europe/Berlin', 84669326), ('FR', 'France', 'Europe', 'Europe/Paris', 68373433),
    ('SG', 'Singapore', 'Asia', 'Asia/Singapore', 5917600), ('US', 'United States', 'Americas', 'America/New_York', 334914895),
    ('BR', 'Brazil', 'Americas', 'America/Sao_Paulo', NULL), ('ZA', 'South Africa', 'Africa', 'Africa/Johannesburg', 63212384);
CREATE TABLE dim.dates (
    day date PRIMARY KEY, year int2 NOT NULL, quarter int2 NOT NULL, month int2 NOT NULL, month_name text NOT NULL,
    iso_week int2 NOT NULL, is_weekend boolean NOT NULL);
INSERT INTO dim.dates SELECT d, extract(year FROM d), extract(quarter FROM d), extract(month FROM d), to_char(d, 'FMMonth'),
    extract(week FROM d), extract(isodow FROM d) > 5
    FROM (SELECT date '2024-01-01' + g AS d FROM generate_series(0, 365) g) s;

CREATE TABLE users (
    user_id bigint PRIMARY KEY, username text NOT NULL UNIQUE, email text NOT NULL, phone text, birth date,
    country char(2) NOT NULL REFERENCES dim.countries, city varchar(40), display_name text, score integer NOT NULL,
    is_creator boolean NOT NULL, plan varchar(10) NOT NULL, profile jsonb NOT NULL, last_ip inet, note text,
    referrer_id bigint REFERENCES users, created_at timestamptz NOT NULL, deleted_at timestamptz);
INSERT INTO users SELECT g, 'user_' || g, 'user' || g || '@' || (ARRAY['example.org', 'example.com', 'mail.example'])[1 + g % 3],
    '+353 85 ' || lpad((g * 7919 % 10000000)::text, 7, '0'), date '1960-01-01' + g * 307,
    (ARRAY['IE', 'NO', 'DE', 'FR', 'SG', 'US', 'BR'])[1 + g % 7],
    (ARRAY['Dublin', 'Oslo', 'Berlin', 'Lyon', NULL, 'Austin', 'São Paulo'])[1 + g % 7],
    CASE WHEN g % 6 > 0 THEN (ARRAY['Ana', 'Bo', 'Cleo', 'Dan', 'Eve'])[1 + g % 5] || ' ' || (ARRAY['Lee', 'O''Neil', 'Müller'])[1 + g % 3] END,
    g * 37 % 101, g % 3 = 0, (ARRAY['free', 'plus', 'pro'])[1 + g * 5 / 3 % 3],
    jsonb_build_object('lang', (ARRAY['en', 'no', 'de', 'fr'])[1 + g % 4], 'theme', CASE WHEN g % 2 = 0 THEN 'dark' ELSE 'light' END,
        'phone', '+353' || g, 'interests', jsonb_build_array('topic' || g % 4, 'topic' || g % 7), 'stats', jsonb_build_object('logins', g * 3)),
    ('10.' || g % 4 || '.' || g % 9 || '.' || g)::inet, 'note ' || g, CASE WHEN g > 5 THEN 1 + g % 5 END,
    timestamptz '2023-11-05 22:10+00' + make_interval(hours => g * 157), CASE WHEN g % 11 = 0 THEN timestamptz '2024-09-01 00:00+00' END
    FROM generate_series(1, 50) g;
CREATE TABLE privacy_settings (
    user_id bigint PRIMARY KEY REFERENCES users, searchable boolean NOT NULL, audience visibility NOT NULL, updated date);
INSERT INTO privacy_settings SELECT g, g % 3 > 0, (ARRAY['public', 'friends', 'private'])[1 + g % 3]::visibility, date '2024-01-10' + g
    FROM generate_series(1, 45) g;
CREATE TABLE categories (category_id integer PRIMARY KEY, name text NOT NULL, parent_id integer REFERENCES categories);
INSERT INTO categories VALUES (1, 'All', NULL), (2, 'Music', 1), (3, 'Sports', 1), (4, 'Learning', 1), (5, 'Live music', 2),
    (6, 'Covers', 2), (7, 'Football', 3), (8, 'Running', 3), (9, 'Maths', 4), (10, 'Marathon', 8);
CREATE TABLE videos (
    video_id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, category_id integer REFERENCES categories, title text NOT NULL,
    visibility visibility NOT NULL, views integer NOT NULL, likes integer NOT NULL, revenue numeric(10,2) NOT NULL,
    length interval NOT NULL, tags text[] NOT NULL, meta jsonb, rating double precision, created_at timestamptz NOT NULL,
    published date GENERATED ALWAYS AS ((created_at AT TIME ZONE 'UTC')::date) STORED);
INSERT INTO videos SELECT g, 1 + g * 13 % 50, CASE WHEN g % 12 > 0 THEN 1 + g / 7 % 10 END,
    (ARRAY['How to ', 'My day: ', 'Live! '])[1 + g % 3] || (ARRAY['sing', 'run 10_km', '100% maths', 'cook'])[1 + g % 4] || ' #' || g,
    (ARRAY['public', 'public', 'public', 'friends', 'private'])[1 + g % 5]::visibility, g * 7919 % 10007, g * 31 % 997, (g * 311 % 9000) / 100.0,
    make_interval(secs => 15 + g * 17 % 600), ARRAY['tag' || g % 6, 'tag' || g % 4, 'year' || 2020 + g % 5],
    CASE WHEN g % 8 > 0 THEN jsonb_build_object('codec', (ARRAY['h264', 'av1'])[1 + g % 2], 'width', 640 * (1 + g % 3), 'hdr', g % 4 = 0,
        'chapters', jsonb_build_array(jsonb_build_object('at', 0, 'title', 'intro'), jsonb_build_object('at', g % 60, 'title', 'part ' || g % 5))) END,
    CASE WHEN g % 9 > 0 THEN g % 11 / 2.0 END, timestamptz '2024-01-01 00:30+00' + make_interval(hours => g * 29)
    FROM generate_series(1, 300) g;
CREATE INDEX ON videos (user_id);
CREATE INDEX ON videos (created_at);
CREATE TABLE likes (user_id bigint REFERENCES users, video_id bigint REFERENCES videos, liked_at timestamptz NOT NULL, PRIMARY KEY (user_id, video_id));
INSERT INTO likes SELECT DISTINCT ON (u, v) u, v, timestamptz '2024-02-01 08:00+00' + make_interval(mins => g * 191)
    FROM (SELECT 1 + g * 7 % 46 AS u, 1 + g * g % 293 AS v, g FROM generate_series(1, 900) g) s ORDER BY u, v, g;
CREATE TABLE follows (follower bigint REFERENCES users, followee bigint REFERENCES users, since date NOT NULL, PRIMARY KEY (follower, followee));
INSERT INTO follows SELECT DISTINCT ON (a, b) a, b, date '2024-01-01' + g
    FROM (SELECT 1 + g * 3 % 50 AS a, 1 + (g * 3 + 1 + g * g % 48) % 50 AS b, g FROM generate_series(1, 250) g) s WHERE a <> b ORDER BY a, b, g;
INSERT INTO follows SELECT followee, follower, since + 3 FROM follows WHERE since < '2024-03-01' ON CONFLICT DO NOTHING;
CREATE TABLE comments (
    comment_id bigint PRIMARY KEY, video_id bigint NOT NULL REFERENCES videos, user_id bigint NOT NULL REFERENCES users,
    parent_id bigint REFERENCES comments, body text NOT NULL, created_at timestamptz NOT NULL);
INSERT INTO comments SELECT g, 1 + (CASE WHEN g > 60 THEN g - 60 ELSE g END) % 40, 1 + g * 17 % 50, CASE WHEN g > 60 THEN g - 60 END,
    'comment number ' || g || ' about it', timestamptz '2024-06-01 12:00+00' + make_interval(mins => g * 47)
    FROM generate_series(1, 200) g;
CREATE TABLE devices (
    device_id uuid PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, model text NOT NULL, os varchar(20) NOT NULL, serial_no text NOT NULL,
    last_ip inet, settings jsonb NOT NULL, push_token text, battery real, first_seen timestamp NOT NULL);
INSERT INTO devices SELECT md5('device' || g)::uuid, 1 + g % 50, (ARRAY['phone', 'tablet', 'tv'])[1 + g % 3], (ARRAY['android 14', 'ios 17', 'tv 9'])[1 + g % 3],
    'SN' || lpad((g * 104729 % 99999)::text, 6, '0'), CASE WHEN g % 10 > 0 THEN ('2001:db8:' || g % 7 || '::' || g)::inet ELSE ('192.168.' || g % 3 || '.' || g)::inet END,
    jsonb_build_object('dark', g % 2 = 0, 'advertising_id', md5('ad' || g), 'volume', g % 11), md5('push' || g), (g % 8) / 8.0,
    timestamp '2024-01-15 09:00' + make_interval(days => g * 3)
    FROM generate_series(1, 80) g;
CREATE TABLE messages (
    message_id bigint PRIMARY KEY, sender bigint NOT NULL REFERENCES users, recipient bigint NOT NULL REFERENCES users, body text NOT NULL, sent_at timestamptz NOT NULL);
INSERT INTO messages SELECT g, 1 + g % 50, 1 + g * 3 % 50, 'message ' || g, timestamptz '2024-01-01 00:00+00' + make_interval(mins => g * 7)
    FROM generate_series(1, 100) g;

CREATE TABLE app.watch_events (
    event_id bigint NOT NULL, user_id bigint NOT NULL, video_id bigint NOT NULL, device_id uuid, event_date date NOT NULL, at timestamptz NOT NULL,
    seconds integer NOT NULL, platform text NOT NULL, PRIMARY KEY (event_id, event_date)) PARTITION BY RANGE (event_date);
CREATE TABLE app.watch_events_2024_h1 PARTITION OF app.watch_events FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE app.watch_events_2024_h2 PARTITION OF app.watch_events FOR VALUES FROM ('2024-07-01') TO ('2025-01-01');
CREATE TABLE app.watch_events_rest PARTITION OF app.watch_events DEFAULT;
INSERT INTO app.watch_events SELECT g, 1 + g * 7 % 50, 1 + g * 19 % 300, CASE WHEN g % 5 > 0 THEN md5('device' || 1 + g % 80)::uuid END,
    date '2024-01-01' + g * 3 % 400, (date '2024-01-01' + g * 3 % 400)::timestamp AT TIME ZONE 'UTC' + make_interval(mins => g * 37 % 1440),
    g * 53 % 601, (ARRAY['web', 'ios', 'android', 'tv'])[1 + g % 4]
    FROM generate_series(1, 800) g;
CREATE TABLE app.orders (
    order_id integer PRIMARY KEY, user_id bigint NOT NULL, status text NOT NULL, currency char(3) NOT NULL, amount numeric(12,2) NOT NULL,
    discount numeric(4,2), card text NOT NULL, address text, iban varchar(34), placed_at timestamp NOT NULL, shipped_on date);
INSERT INTO app.orders SELECT g, 1 + g * 3 % 50, (ARRAY['paid', 'open', 'refunded', 'paid'])[1 + g % 4], (ARRAY['EUR', 'USD', 'NOK'])[1 + g % 3],
    (g * 977 % 50000) / 100.0, CASE WHEN g % 3 = 0 THEN (g % 50) / 100.0 END, '4000 0000 0000 ' || lpad(g::text, 4, '0'), g || ' Main Street',
    'IE29AIBK' || lpad(g::text, 14, '0'), timestamp '2024-01-03 10:15' + make_interval(hours => g * 71), CASE WHEN g % 4 IN (0, 3) THEN date '2024-01-05' + g * 3 END
    FROM generate_series(1, 120) g;
CREATE TABLE app.order_items (
    order_id integer, line smallint, sku text NOT NULL, quantity integer NOT NULL, unit_price numeric(10,2) NOT NULL, PRIMARY KEY (order_id, line));
INSERT INTO app.order_items SELECT 1 + g % 120, 1 + g / 120, 'SKU-' || 100 + g % 9, 1 + g % 4, (g * 37 % 3000) / 100.0
    FROM generate_series(0, 299) g;
CREATE TABLE app.sessions (
    session_id uuid PRIMARY KEY, device_id uuid NOT NULL, started_at timestamptz NOT NULL, ended_at timestamptz, pages integer NOT NULL, "order" text, utm text);
INSERT INTO app.sessions SELECT md5('session' || g)::uuid, md5('device' || 1 + g % 80)::uuid, timestamptz '2024-03-01 06:00+00' + make_interval(mins => g * 97),
    CASE WHEN g % 7 > 0 THEN timestamptz '2024-03-01 06:00+00' + make_interval(mins => g * 97 + g % 50) END, g % 23, (ARRAY['asc', 'desc'])[1 + g % 2],
    CASE WHEN g % 4 = 0 THEN 'utm_source=mail&utm_campaign=c' || g % 3 || '&gclid=' || md5('g' || g) END
    FROM generate_series(1, 160) g;
CREATE TABLE app."Campaigns" (
    "Campaign Id" integer PRIMARY KEY, "Name" text NOT NULL, "Channel" text, "Start Date" date NOT NULL, "End Date" date, "Budget (EUR)" numeric(12,2), "Cost%" numeric(5,2));
INSERT INTO app."Campaigns" SELECT g, 'Campaign ' || chr(64 + g), (ARRAY['mail', 'Search', 'social', NULL])[1 + g % 4], date '2024-01-01' + g * 20,
    CASE WHEN g % 3 > 0 THEN date '2024-02-01' + g * 20 END, g * 1250.50, g * 3.25
    FROM generate_series(1, 12) g;
CREATE TABLE app.daily_stats (day date, video_id bigint, views integer, likes integer, watch_seconds bigint, PRIMARY KEY (day, video_id));
INSERT INTO app.daily_stats SELECT date '2024-03-01' + g % 30, 1 + g / 30, g * 13 % 500, g * 7 % 40, g * 997 % 90000
    FROM generate_series(0, 599) g;
CREATE TABLE app.places (place_id integer PRIMARY KEY, name text NOT NULL, spot point, opening json);
INSERT INTO app.places SELECT g, 'place ' || g, CASE WHEN g % 4 > 0 THEN point(g, g * 0.1) END, json_build_object('from', g % 5 + 6, 'to', 20)
    FROM generate_series(1, 12) g;

-- Types of people's own.
CREATE TYPE app.money_of AS (amount numeric(12,2), currency text);
CREATE DOMAIN app.percent AS numeric(5,2) CHECK (VALUE BETWEEN 0 AND 100);
CREATE TYPE app.text_range AS RANGE (subtype = text);
CREATE TYPE app.parcel AS (size int4[], value app.money_of, taxed app.percent);
CREATE TABLE app.parcels (parcel_id integer PRIMARY KEY, content app.parcel, prices app.money_of[], taxed app.percent, names app.text_range);
INSERT INTO app.parcels SELECT g, ROW(ARRAY[g, g + 1], ROW(g * 2.5, 'EUR')::app.money_of, g % 100)::app.parcel, ARRAY[ROW(g, 'EUR')::app.money_of, ROW(g + 0.5, 'USD')::app.money_of],
    g % 100, app.text_range(chr(96 + 1 + g % 20), chr(96 + 4 + g % 20)) FROM generate_series(1, 40) g;

CREATE VIEW public_videos AS
    SELECT v.video_id, v.user_id, u.username, u.country, v.title, v.views, v.created_at FROM videos v JOIN users u USING (user_id) WHERE v.visibility = 'public';
CREATE VIEW creators AS
    SELECT u.user_id, u.username, u.country, count(*) AS videos, sum(v.views) AS views FROM users u JOIN videos v USING (user_id) GROUP BY u.user_id;
CREATE VIEW top_creators AS SELECT username, videos, rank() OVER (ORDER BY views DESC, username) AS place FROM creators;
CREATE VIEW app.monthly_revenue (month, currency, orders, amount) AS
    SELECT date_trunc('month', placed_at)::date, currency, count(*), sum(amount) FROM app.orders WHERE status = 'paid' GROUP BY 1, 2;
CREATE VIEW "Reporting"."Daily Totals" AS
    SELECT d.day AS "Day", d.is_weekend AS "Weekend?", coalesce(sum(s.views), 0) AS "Total Views", count(s.video_id) AS "Videos"
    FROM dim.dates d LEFT JOIN app.daily_stats s USING (day) WHERE d.day BETWEEN '2024-02-15' AND '2024-04-15' GROUP BY d.day, d.is_weekend;
CREATE MATERIALIZED VIEW app.category_totals AS
    SELECT c.category_id, c.name, count(v.video_id) AS videos, coalesce(sum(v.views), 0) AS views FROM categories c LEFT JOIN videos v USING (category_id) GROUP BY c.category_id;
ANALYZE;
