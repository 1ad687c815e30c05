-- The schema that the golden tests are bound against. Its catalog is stored beside it, so that they run without a server:
--
--   go test ./rewrite/catalog -run TestDump -args -dump $PWD/rewrite/testdata/schema.json.gz -dump-schema $PWD/rewrite/testdata/schema.sql
--
-- What the policy hides is called hidden_... or is the column phone, so that a test can look for it in what is sent.
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN short_text AS text CHECK (length(VALUE) < 100);
CREATE TYPE pair AS (a int4, b text);

CREATE TABLE users (
    user_id int8 PRIMARY KEY, username text NOT NULL, email text, phone text, birth date, country text, views int4,
    mood mood, nick varchar(20), deleted_at timestamptz, phone_tail text GENERATED ALWAYS AS (right(phone, 4)) STORED);
CREATE INDEX users_phone ON users (phone);
CREATE INDEX users_country ON users (country);
CREATE TABLE videos (
    video_id int8 PRIMARY KEY, user_id int8 REFERENCES users, title text, visibility text NOT NULL, views int4, tags text[],
    created_at timestamptz NOT NULL, meta json);
CREATE TABLE friends (a int8 REFERENCES users, b int8 REFERENCES users, since date, PRIMARY KEY (a, b));
CREATE TABLE countries (code text PRIMARY KEY, name text, spot point, shown_length int4 GENERATED ALWAYS AS (length(name)) STORED);
CREATE TABLE devices (device_id uuid PRIMARY KEY, owner int4, label varchar(40), address inet, price numeric(10,2));
CREATE TABLE accounts (account_id int4 PRIMARY KEY, iban text, balance int4);
CREATE TABLE hidden_messages (message_id serial PRIMARY KEY, sender int8 REFERENCES users, body text);
CREATE TABLE wards (user_id int8, guardian int8, note text);
CREATE TABLE typed (id int4 PRIMARY KEY, rel regclass, whole pair, kind mood, words short_text);

CREATE TABLE events (event_id int8, at timestamptz NOT NULL, what text, phone text) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE animals (name text, phone text);
CREATE TABLE dogs (breed text) INHERITS (animals);

CREATE SCHEMA app;
CREATE TABLE app.users (id int4 PRIMARY KEY, label text, phone text);
CREATE TABLE app.pg_class (relname text, phone text);
CREATE SCHEMA shadow;
CREATE TABLE shadow.videos (video_id int8, phone text);
CREATE SCHEMA "Odd ""Schema""";
CREATE TABLE "Odd ""Schema"""."Sel ect" ("select" int4 PRIMARY KEY, "é" text, "a""b" text, "User" text);
CREATE TABLE "order" ("user" int4 PRIMARY KEY, "limit" int4, "all" text);

CREATE VIEW video_names AS SELECT v.video_id, u.username, v.title FROM videos v JOIN users u USING (user_id);
CREATE VIEW countries_named AS SELECT code, upper(name) AS name FROM countries;
CREATE VIEW nested AS SELECT n.username, count(*) AS n FROM video_names n GROUP BY n.username;
CREATE VIEW phones AS SELECT user_id, phone FROM users;
CREATE VIEW hidden_view AS SELECT body FROM hidden_messages;
CREATE VIEW walled WITH (security_barrier) AS SELECT code, name FROM countries WHERE code <> 'XX';
CREATE VIEW listed AS SELECT user_id, phone, username FROM users;
CREATE VIEW everyone AS SELECT * FROM users;
CREATE MATERIALIZED VIEW totals AS SELECT country, count(*) AS n FROM users GROUP BY country;
CREATE MATERIALIZED VIEW hidden_totals AS SELECT max(phone) AS p FROM users;
CREATE SEQUENCE hidden_counter;

CREATE FUNCTION allowed(int4) RETURNS int4 LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION unlisted(int4) RETURNS int4 LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION lower(mood) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION pg_catalog.planted() RETURNS text LANGUAGE sql AS 'SELECT max(phone) FROM public.users';
CREATE FUNCTION pg_catalog.upper(int4) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR public.=== (FUNCTION = same, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR pg_catalog.~~~~ (FUNCTION = same, LEFTARG = text, RIGHTARG = text);
CREATE COLLATION own (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION plain (provider = icu, locale = 'sv');
CREATE SCHEMA unseen;
CREATE COLLATION unseen.own (provider = icu, locale = 'sv');
CREATE TYPE naming AS (r regclass);
CREATE TYPE naming_pair AS (a int4, p naming);
CREATE TABLE named (id int4, n naming_pair);
CREATE VIEW drawn AS SELECT username FROM users TABLESAMPLE BERNOULLI (10);

CREATE ROLE tuned LOGIN;
ALTER ROLE tuned SET work_mem = '8MB';
CREATE ROLE pried LOGIN;
ALTER ROLE pried SET exit_on_error = on;
CREATE ROLE pathed LOGIN;
ALTER ROLE pathed SET search_path = app;
