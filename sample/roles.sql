-- The logins of the sample, run as a superuser in the sample's database after sample.sql. The passwords are for a demo.
CREATE ROLE cordon LOGIN PASSWORD 'cordon';
CREATE ROLE eu_analyst LOGIN PASSWORD 'eu_analyst';
CREATE ROLE analyst_apac LOGIN PASSWORD 'analyst_apac';
GRANT SELECT ON ALL TABLES IN SCHEMA public TO eu_analyst;
-- The third wall: masked sessions log in with rights on what the policy reads, and no more.
GRANT SELECT (user_id, username, email, birth, country, created_at, deleted_at) ON users TO analyst_apac;
GRANT SELECT ON videos, follows, privacy_settings, devices TO analyst_apac;
