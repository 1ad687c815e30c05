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
CREATE VIEW tenants AS SELECT country FROM users WHERE country = current_setting('app.tenant', true);
CREATE VIEW drawn AS SELECT username FROM users TABLESAMPLE BERNOULLI (10);

CREATE ROLE tuned LOGIN;
ALTER ROLE tuned SET work_mem = '8MB';
CREATE ROLE pried LOGIN;
ALTER ROLE pried SET exit_on_error = on;
CREATE ROLE pathed LOGIN;
ALTER ROLE pathed SET search_path = app;

-- Partitions by what the policy shows in part or not at all. What a name would tell is called hidden_...
CREATE TABLE ledger (entry_id int8, user_id int8, at date, note short_text) PARTITION BY RANGE (user_id);
CREATE TABLE hidden_ledger_low PARTITION OF ledger FOR VALUES FROM (1) TO (1000) PARTITION BY RANGE (at);
CREATE TABLE hidden_ledger_low_old PARTITION OF hidden_ledger_low FOR VALUES FROM ('2020-01-01') TO ('2024-01-01');
CREATE TABLE hidden_ledger_rest PARTITION OF ledger DEFAULT;
CREATE TABLE risks (id int4, class text) PARTITION BY LIST (class);
CREATE TABLE hidden_risks_high PARTITION OF risks FOR VALUES IN ('high');
CREATE TABLE risks_low PARTITION OF risks FOR VALUES IN ('low');
CREATE TABLE visits (at timestamptz, page text) PARTITION BY LIST (page);
CREATE TABLE visits_home PARTITION OF visits FOR VALUES IN ('home') PARTITION BY RANGE (at);
CREATE TABLE hidden_visits_may PARTITION OF visits_home FOR VALUES FROM ('2024-05-01 00:00+00') TO ('2024-06-01 00:00+00');
CREATE TABLE calls (id int4, phone text) PARTITION BY RANGE ((left(phone, 3)));
CREATE TABLE hidden_calls_ie PARTITION OF calls FOR VALUES FROM ('353') TO ('354');
CREATE TABLE shards (id int8, n int4) PARTITION BY HASH (id);
CREATE TABLE hidden_shards_0 PARTITION OF shards FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE rowed (id int4, phone text) PARTITION BY LIST ((rowed IS NULL));
CREATE TABLE hidden_rowed_not PARTITION OF rowed FOR VALUES IN (false);
CREATE TABLE scores (id int4, score int4) PARTITION BY RANGE (score);
CREATE TABLE hidden_scores_high PARTITION OF scores FOR VALUES FROM (900) TO (1000);
CREATE VIEW hidden_risky AS SELECT id FROM hidden_risks_high;
CREATE VIEW risky AS SELECT id FROM risks;
-- A schema of which the twin has nothing but a function.
CREATE SCHEMA tools;
CREATE FUNCTION tools.vat(int4) RETURNS int4 LANGUAGE sql IMMUTABLE AS 'SELECT $1';
-- A table that the twin lacks, by whose hidden key the rows of a listed view lie.
CREATE TABLE ballots (id int4, choice text) PARTITION BY LIST (choice);
CREATE TABLE ballots_yes PARTITION OF ballots FOR VALUES IN ('yes');
CREATE VIEW ballot_ids AS SELECT id FROM ballots;
CREATE VIEW ballot_list AS SELECT id FROM ballot_ids;
