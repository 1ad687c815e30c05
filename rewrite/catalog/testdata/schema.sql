-- Every kind of relation, odd names, and every way in which one column reads another.
CREATE SCHEMA app;
CREATE SCHEMA "Odd ""Schema""";
CREATE TYPE app.mood AS ENUM ('sad', 'ok');
CREATE DOMAIN app.email AS varchar(320) CHECK (VALUE LIKE '%@%');
CREATE TYPE app.pair AS (a int, b text);
CREATE COLLATION app.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE DOMAIN app.shade AS text COLLATE app.anycase;

CREATE TABLE app.users (
  gone int,
  user_id bigint,
  username varchar(40) NOT NULL,
  mail app.email,
  mood app.mood DEFAULT 'ok',
  tags text[],
  price numeric(10, 2),
  seen timestamp(3) with time zone,
  nick text COLLATE "C",
  loose text COLLATE app.anycase,
  lower_name text GENERATED ALWAYS AS (lower(username) || coalesce(nick, '')) STORED,
  CONSTRAINT users_key PRIMARY KEY (user_id, username),
  CONSTRAINT odd_price CHECK (price > 0 OR nick = ':varattno 3 '),
  CONSTRAINT whole CHECK (users IS NOT NULL OR true)
);
ALTER TABLE app.users DROP COLUMN gone;
CREATE INDEX users_expr ON app.users (lower(nick), user_id) INCLUDE (price) WHERE mood = 'sad';
CREATE INDEX users_whole ON app.users ((users IS NULL));
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;

CREATE TABLE app.late (id int PRIMARY KEY DEFERRABLE, user_id bigint, username varchar(40),
  CONSTRAINT late_user FOREIGN KEY (user_id, username) REFERENCES app.users);
CREATE TABLE "Odd ""Schema"""."Täble" ("Sel ect" int, "from" text, "💥" "char", EXCLUDE USING btree ((lower("from")) WITH =));

CREATE TABLE app.events (day date NOT NULL, id int NOT NULL, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE app.events_2024 PARTITION OF app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE app.father (a int);
CREATE TABLE app.mother (b int);
CREATE TABLE app.child (c int) INHERITS (app.father, app.mother);

CREATE VIEW app.plain AS SELECT u.user_id, upper(u.username) AS name FROM app.users u;
CREATE VIEW app.walled WITH (security_barrier = 'on') AS SELECT * FROM app.plain WHERE user_id > 5;
CREATE MATERIALIZED VIEW app.stored AS SELECT count(*) AS n FROM app.users;
CREATE SEQUENCE app.counter;
CREATE FOREIGN DATA WRAPPER nobody;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nobody;
CREATE FOREIGN TABLE app.far (id int) SERVER nowhere;

CREATE FUNCTION app.twice(x int, y int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x * y';
CREATE FUNCTION app.twice(text) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION app.rows(x int, VARIADIC rest text[], OUT a int, OUT text) RETURNS SETOF record LANGUAGE sql AS 'SELECT x, rest[1]';
CREATE PROCEDURE app.act() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE app.total(int) (SFUNC = int4pl, STYPE = int);
CREATE OPERATOR app.%%% (LEFTARG = int, RIGHTARG = int, FUNCTION = app.twice(int, int));

CREATE ROLE plain_login LOGIN;
REVOKE ALL ON SCHEMA app FROM PUBLIC;
CREATE ROLE reader;
CREATE ROLE writer;
ALTER ROLE ALL SET work_mem = '5MB';
ALTER DATABASE facts SET "TimeZone" = 'Asia/Tokyo';
ALTER DATABASE facts SET work_mem = '6MB';
ALTER ROLE reader SET search_path = app, "Odd ""Schema""";
ALTER ROLE reader SET work_mem = '7MB';
ALTER ROLE reader IN DATABASE facts SET work_mem = '8MB';
ALTER ROLE reader IN DATABASE template1 SET work_mem = '9MB';
