\set ON_ERROR_STOP on
\pset tuples_only on
\pset format unaligned
SELECT 'videos ' || count(*) FROM videos;
PREPARE bound(text) AS SELECT 'email ' || email FROM users WHERE country = $1 ORDER BY created_at LIMIT 1;
EXECUTE bound('IE');
SELECT 'columns ' || string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns
 WHERE table_schema = 'public' AND table_name = 'users';
\d users
