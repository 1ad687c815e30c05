-- A shop whose catalogs hold a bit of everything that Postgres describes, next to things that policy.toml hides. What masked sessions must
-- not learn is written with "zz": names of hidden things, literals over hidden, masked or pseudonymised columns, comments on them.
CREATE SCHEMA app;
CREATE SCHEMA zzvault;
COMMENT ON SCHEMA app IS 'what the shop works with';
COMMENT ON SCHEMA zzvault IS 'zz schema comment';
ALTER DATABASE shop SET search_path = public, app;

CREATE TYPE mood AS ENUM ('good', 'so so', 'bad');
CREATE TYPE app.place AS (x int, y int);
CREATE DOMAIN percent AS numeric(5,2) DEFAULT 0 CONSTRAINT percent_range CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN app.code AS text NOT NULL CHECK (VALUE <> '');
CREATE DOMAIN address AS text DEFAULT 'zz@default' CONSTRAINT zz_address NOT NULL CONSTRAINT address_check CHECK (VALUE <> 'zz@raw');
CREATE TYPE span AS RANGE (subtype = date);
CREATE COLLATION app.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
COMMENT ON TYPE mood IS 'how somebody feels';
COMMENT ON DOMAIN percent IS 'hundredths';

CREATE TABLE countries (
    code char(2) PRIMARY KEY, name text NOT NULL CONSTRAINT countries_name_key UNIQUE, region text DEFAULT 'Europe', vat percent,
    area numeric(12,3) DEFAULT 0.5 CHECK (area > 0), CONSTRAINT region_known CHECK (region IN ('Europe', 'Asia', 'Africa')),
    CONSTRAINT code_or_name CHECK (code <> '' OR name <> ''));
CREATE TABLE users (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, username varchar(30) NOT NULL UNIQUE, email text CHECK (email <> 'zz@check'),
    phone address DEFAULT 'zzphone', country char(2) NOT NULL DEFAULT 'IE' REFERENCES countries ON UPDATE CASCADE ON DELETE RESTRICT,
    plan text NOT NULL DEFAULT 'free', score int NOT NULL DEFAULT 707 CHECK (score <> 707), feels mood DEFAULT 'so so'::mood,
    birth date NOT NULL DEFAULT '1970-07-07', referrer bigint REFERENCES users CHECK (referrer <> 70707), created timestamptz NOT NULL DEFAULT now(),
    tags text[] NOT NULL DEFAULT '{}', profile jsonb DEFAULT '{"a": 1}' , note varchar(40) NOT NULL DEFAULT 'zznote',
    lower_plan text GENERATED ALWAYS AS (lower(plan)) STORED, shout text GENERATED ALWAYS AS (upper(phone)) STORED, visits int DEFAULT (2 + 3) * 7,
    CONSTRAINT plan_known CHECK (plan = ANY (ARRAY['free', 'plus', 'pro'])), CONSTRAINT zz_phone_or_plan CHECK (phone <> '' OR plan <> ''),
    CONSTRAINT whole_row CHECK (users IS NOT NULL OR true)) WITH (fillfactor = 90);
CREATE INDEX users_plan ON users (plan) WHERE plan <> 'free';
CREATE INDEX users_lower ON users (lower(plan), created DESC NULLS LAST) INCLUDE (country);
CREATE INDEX users_collated ON users (plan COLLATE "C" text_pattern_ops);
CREATE INDEX users_score ON users (score);
CREATE INDEX users_username ON users (lower(username)) WHERE username <> 'zzname';
CREATE INDEX users_of_score ON users (plan) WHERE score = 70707;
CREATE INDEX zz_phone ON users (phone);
CREATE INDEX zz_of_phone ON users (plan) WHERE phone = 'zzphone';
CREATE INDEX zz_expression ON users (lower(phone));
CREATE STATISTICS users_of_plan (ndistinct, dependencies) ON plan, country FROM users;
CREATE STATISTICS users_expressions ON lower(plan), (feels = 'good') FROM users;
CREATE STATISTICS zz_statistics ON phone, plan FROM users;
CREATE STATISTICS users_scores ON (score + 70707), plan FROM users;
COMMENT ON TABLE users IS 'people';
COMMENT ON COLUMN users.plan IS 'what they pay for';
COMMENT ON COLUMN users.phone IS 'zz column comment';
COMMENT ON CONSTRAINT plan_known ON users IS 'three plans';
COMMENT ON CONSTRAINT zz_phone_or_plan ON users IS 'zz constraint comment';
COMMENT ON INDEX users_plan IS 'of those who pay';
COMMENT ON INDEX zz_phone IS 'zz index comment';
COMMENT ON STATISTICS users_of_plan IS 'plans by country';

CREATE SEQUENCE app.loose START 100 INCREMENT 5;
CREATE TABLE app.orders (
    order_id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES public.users, line smallint NOT NULL DEFAULT 1, sku app.code, at app.place,
    amount numeric(12,2) NOT NULL DEFAULT 9.99, discount percent DEFAULT 7, placed timestamp NOT NULL DEFAULT '2024-01-01 00:00:00', during daterange,
    rate double precision DEFAULT 1e-5, flag boolean DEFAULT true, bits bit(4) DEFAULT B'1010', raw bytea DEFAULT '\x00ff', title text COLLATE app.anycase DEFAULT $$it's "odd"\$$,
    feels public.mood DEFAULT 'good', total numeric GENERATED ALWAYS AS (amount * (1 - discount / 100)) STORED, card text DEFAULT 'zzcard' CONSTRAINT zz_card_there NOT NULL,
    CONSTRAINT orders_line UNIQUE (user_id, line), CONSTRAINT positive CHECK (amount > 0 AND line > 0) NOT VALID, EXCLUDE USING gist (during WITH &&),
    CONSTRAINT feeling CHECK (feels <> 'bad'::public.mood OR amount < 5), CONSTRAINT zz_card CHECK (card <> 'zzraw'));
CREATE INDEX orders_placed ON app.orders USING brin (placed);
CREATE INDEX orders_title ON app.orders USING hash (title) WHERE feels = 'good'::public.mood;
CREATE TABLE app.sales (
    sale_id int GENERATED BY DEFAULT AS IDENTITY (START WITH 10 INCREMENT BY 2), day date NOT NULL, shop text NOT NULL, amount int DEFAULT 0,
    PRIMARY KEY (sale_id, day, shop)) PARTITION BY RANGE (day);
CREATE TABLE app.sales_2023 PARTITION OF app.sales FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
CREATE TABLE app.sales_2024 PARTITION OF app.sales FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (shop);
CREATE TABLE app.sales_2024_a PARTITION OF app.sales_2024 FOR VALUES IN ('Dublin', 'O''Neil');
CREATE TABLE app.sales_2024_rest PARTITION OF app.sales_2024 DEFAULT;
CREATE TABLE app.buckets (id int, body text) PARTITION BY HASH (id);
CREATE TABLE app.buckets_0 PARTITION OF app.buckets FOR VALUES WITH (modulus 2, remainder 0);
CREATE TABLE app.buckets_1 PARTITION OF app.buckets FOR VALUES WITH (modulus 2, remainder 1);
CREATE TABLE app.byword (word text, n int) PARTITION BY RANGE (lower(word));
CREATE TABLE app.byword_a PARTITION OF app.byword FOR VALUES FROM ('a') TO ('n');
CREATE TABLE app.people (user_id bigint, day date) PARTITION BY RANGE (user_id);
CREATE TABLE app.people_1 PARTITION OF app.people FOR VALUES FROM (1) TO (70707);
CREATE TABLE app.bymonth (born date, n int) PARTITION BY LIST (born);
CREATE TABLE app.bymonth_1 PARTITION OF app.bymonth FOR VALUES IN ('1970-07-07');
CREATE INDEX ON app.sales (shop);
CREATE TABLE app.parent (id int PRIMARY KEY, kind text DEFAULT 'p' CONSTRAINT kind_there NOT NULL CHECK (kind <> ''));
CREATE TABLE app.child (extra text DEFAULT 'c') INHERITS (app.parent);
CREATE TABLE app.audited (id int PRIMARY KEY, body text, changed timestamptz, author bigint);
CREATE TABLE zzvault.secrets (zzid serial PRIMARY KEY, zzbody text DEFAULT 'zz' CHECK (zzbody <> 'zzraw'), user_id bigint REFERENCES public.users);
CREATE TABLE zzdenied (zzid int PRIMARY KEY REFERENCES app.parent, kind mood);
CREATE TABLE names (id int DEFAULT nextval('zzvault.secrets_zzid_seq'), kind regclass DEFAULT 'zzdenied'::regclass, size text DEFAULT pg_size_pretty(pg_relation_size('zzdenied'::regclass)),
    label text DEFAULT 'zzdenied'::regclass::text, CONSTRAINT zz_class CHECK (label <> 'zzvault.secrets'::regclass::text));
INSERT INTO countries VALUES ('IE', 'Ireland', 'Europe', 23, 70.2), ('SG', 'Singapore', 'Asia', 9, 0.7);
INSERT INTO users (username, email, phone, country, plan, score, referrer) SELECT 'user' || g, 'zz' || g || '@mail', 'zz' || g, 'IE', 'plus', g, NULL FROM generate_series(1, 20) g;
INSERT INTO app.orders (user_id, sku) SELECT g, 'sku' || g FROM generate_series(1, 20) g;
INSERT INTO app.sales (day, shop) SELECT date '2024-01-01' + g, 'Dublin' FROM generate_series(1, 20) g;

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.changed := now(); RETURN new; END';
CREATE FUNCTION zz_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE FUNCTION app.vat(amount numeric, rate percent DEFAULT 23) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT amount * rate / 100';
CREATE FUNCTION zz_secret(zzarg bigint DEFAULT 70707) RETURNS text LANGUAGE sql AS 'SELECT phone FROM users WHERE user_id = zzarg';
COMMENT ON FUNCTION zz_secret IS 'zz function comment';
CREATE TRIGGER audited_touch BEFORE INSERT OR UPDATE OF body ON app.audited FOR EACH ROW WHEN (new.body <> 'quiet') EXECUTE FUNCTION touch();
CREATE TRIGGER audited_redundant BEFORE UPDATE ON app.audited FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TRIGGER zz_hidden_function AFTER DELETE ON app.audited FOR EACH STATEMENT EXECUTE FUNCTION zz_trigger('zzargument');
CREATE TRIGGER author_touch BEFORE UPDATE ON app.audited FOR EACH ROW WHEN (new.author <> 70707) EXECUTE FUNCTION touch();
CREATE TRIGGER zz_phone_touch BEFORE UPDATE OF phone ON users FOR EACH ROW WHEN (new.phone <> 'zzphone') EXECUTE FUNCTION touch();
CREATE POLICY zz_policy ON app.audited USING (author = 70707 OR current_user = 'zzrole');
CREATE RULE zz_rule AS ON UPDATE TO app.parent DO ALSO INSERT INTO zzdenied VALUES (1, 'good');
CREATE PUBLICATION everything FOR TABLE countries, users (user_id, plan, phone) WHERE (user_id < 70707), zzvault.secrets, app.orders WHERE (amount > 1) WITH (publish = 'insert');
CREATE FUNCTION zz_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER zz_event ON ddl_command_end EXECUTE FUNCTION zz_event();

CREATE VIEW payers AS SELECT u.user_id, u.username, u.country, u.plan FROM users u WHERE u.plan <> 'free';
CREATE VIEW app.revenue (month, orders, amount) AS SELECT date_trunc('month', o.placed), count(*), sum(o.amount) FROM app.orders o WHERE o.feels = 'good' GROUP BY 1;
CREATE VIEW per_country WITH (security_barrier) AS SELECT c.name, count(p.user_id) AS payers, max(c.vat) AS vat FROM countries c LEFT JOIN payers p ON p.country = c.code
    GROUP BY c.code HAVING count(p.user_id) > 0 OR c.region = 'Europe' ORDER BY c.name;
CREATE VIEW plans AS SELECT plan, lower_plan FROM users WHERE plan <> '' WITH CASCADED CHECK OPTION;
CREATE VIEW app.steps AS WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 5) SELECT n, 'step ' || n AS label, 'good'::mood AS feels FROM s;
CREATE VIEW named_users AS SELECT user_id, username FROM users WHERE username <> 'zzname';
CREATE VIEW some_users AS SELECT u.username, u.plan FROM users u JOIN (VALUES (70707), (70708)) v(id) ON v.id = u.user_id;
CREATE VIEW more_users AS SELECT user_id FROM users UNION ALL SELECT 70707;
CREATE VIEW using_users AS SELECT user_id, plan FROM users JOIN (SELECT 70707::bigint AS user_id) x USING (user_id);
CREATE VIEW in_users AS SELECT plan FROM users WHERE user_id IN (SELECT 70707 + n FROM app.steps);
CREATE VIEW exists_users AS SELECT plan FROM users u WHERE EXISTS (SELECT 1 FROM app.orders o WHERE o.user_id = u.user_id AND o.amount > 5);
CREATE VIEW case_users AS SELECT CASE u.score WHEN 707 THEN 'x' ELSE 'y' END AS c, coalesce(u.referrer, 70707) AS r FROM users u;
CREATE VIEW zzview AS SELECT phone AS zzphone FROM users;
CREATE VIEW zzsecrets AS SELECT * FROM zzvault.secrets;
CREATE VIEW over_zz AS SELECT count(*) FROM zzview;
CREATE MATERIALIZED VIEW app.totals AS SELECT shop, sum(amount) AS amount FROM app.sales WHERE shop <> 'closed' GROUP BY shop;
CREATE UNIQUE INDEX totals_shop ON app.totals (shop);
CREATE MATERIALIZED VIEW zzmat AS SELECT phone FROM users;
COMMENT ON VIEW payers IS 'who pays';
COMMENT ON COLUMN payers.plan IS 'the plan of a payer';
COMMENT ON MATERIALIZED VIEW app.totals IS 'sums';

GRANT SELECT, INSERT ON countries TO PUBLIC;
GRANT SELECT (plan, phone), UPDATE (country) ON users TO analyst;
GRANT USAGE ON SCHEMA app TO analyst WITH GRANT OPTION;
GRANT USAGE ON TYPE mood TO analyst;
GRANT SELECT ON SEQUENCE app.orders_order_id_seq TO analyst;
GRANT EXECUTE ON FUNCTION app.vat TO analyst;
GRANT SELECT ON zzdenied, zzvault.secrets TO analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO analyst;
ALTER DEFAULT PRIVILEGES IN SCHEMA zzvault GRANT SELECT ON TABLES TO eu_anna;
ALTER TABLE users ALTER plan SET STATISTICS 500, ALTER plan SET (n_distinct = 3), ALTER phone SET (n_distinct = 70707);
ANALYZE;
