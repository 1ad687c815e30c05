package rewrite

import (
	"fmt"
	"testing"
)

// columnPlaces are statements with a column of users in every clause and expression of the grammar.
var columnPlaces = []string{
	"SELECT %s FROM users", "SELECT u.%s FROM users u", "SELECT users.%s FROM users", "SELECT public.users.%s FROM users", "SELECT app.public.users.%s FROM users", "SELECT (u).%s FROM users u",
	"SELECT %s(u) FROM users u", "SELECT %s AS x FROM users", "SELECT ALL %s FROM users", "SELECT DISTINCT %s FROM users", "SELECT DISTINCT ON (%s) 1 FROM users",
	"SELECT 1 FROM users WHERE %s = 'x'", "SELECT 1 FROM users WHERE 'x' = %s", "SELECT 1 FROM users WHERE NOT %s = 'x'", "SELECT 1 FROM users WHERE %s IS NULL", "SELECT 1 FROM users WHERE (%s = 'a') IS TRUE",
	"SELECT 1 FROM users WHERE %s IN ('a', 'b')", "SELECT 1 FROM users WHERE 'a' IN ('b', %s)", "SELECT 1 FROM users WHERE %s = ANY (ARRAY['a'])", "SELECT 1 FROM users WHERE 'a' = ALL (ARRAY[%s])",
	"SELECT 1 FROM users WHERE %s LIKE 'a'", "SELECT 1 FROM users WHERE 'a' LIKE %s", "SELECT 1 FROM users WHERE 'a' LIKE 'b' ESCAPE %s", "SELECT 1 FROM users WHERE %s SIMILAR TO 'a'",
	"SELECT 1 FROM users WHERE %s BETWEEN 'a' AND 'b'", "SELECT 1 FROM users WHERE 'a' BETWEEN 'a' AND %s", "SELECT 1 FROM users WHERE 'a' BETWEEN SYMMETRIC %s AND 'b'",
	"SELECT 1 FROM users WHERE %s IS DISTINCT FROM 'a'", "SELECT NULLIF(%s, 'a') FROM users", "SELECT NULLIF('a', %s) FROM users", "SELECT COALESCE('a', %s) FROM users", "SELECT GREATEST('a', %s) FROM users",
	"SELECT CASE %s WHEN 'a' THEN 1 END FROM users", "SELECT CASE WHEN %s = 'a' THEN 1 END FROM users", "SELECT CASE WHEN true THEN %s END FROM users", "SELECT CASE WHEN true THEN 'a' ELSE %s END FROM users",
	"SELECT CASE 'a' WHEN %s THEN 1 END FROM users", "SELECT ARRAY[%s] FROM users", "SELECT ARRAY[ARRAY[%s]] FROM users", "SELECT ROW(1, %s) FROM users", "SELECT (1, %s) FROM users", "SELECT (ARRAY[1])[length(%s)] FROM users",
	"SELECT (ARRAY[1])[1:length(%s)] FROM users", "SELECT %s::text FROM users", "SELECT CAST(%s AS text) FROM users", `SELECT %s COLLATE "C" FROM users`, "SELECT %s || 'a' FROM users", "SELECT -length(%s) FROM users",
	"SELECT length(%s) FROM users", "SELECT concat('a', VARIADIC ARRAY[%s]) FROM users", "SELECT make_interval(days => length(%s)) FROM users", "SELECT substring(%s FROM 1) FROM users", "SELECT extract(year FROM %s::date) FROM users",
	"SELECT position('a' IN %s) FROM users", "SELECT overlay('a' PLACING %s FROM 1) FROM users", "SELECT trim(%s) FROM users", "SELECT now() AT TIME ZONE %s FROM users",
	"SELECT count(%s) FROM users", "SELECT count(DISTINCT %s) FROM users", "SELECT string_agg('a', ',' ORDER BY %s) FROM users", "SELECT count(*) FILTER (WHERE %s = 'a') FROM users",
	"SELECT mode() WITHIN GROUP (ORDER BY %s) FROM users", "SELECT count(*) OVER (PARTITION BY %s) FROM users", "SELECT count(*) OVER (ORDER BY %s) FROM users", "SELECT count(*) OVER w FROM users WINDOW w AS (PARTITION BY %s)",
	"SELECT lag(%s) OVER () FROM users", "SELECT count(*) OVER (ORDER BY views RANGE length(%s) PRECEDING) FROM users",
	"SELECT 1 FROM users GROUP BY %s", "SELECT 1 FROM users GROUP BY length(%s)", "SELECT 1 FROM users GROUP BY ROLLUP (%s)", "SELECT 1 FROM users GROUP BY GROUPING SETS ((%s), ())", "SELECT 1 FROM users GROUP BY CUBE (views, (%s, country))",
	"SELECT grouping(%[1]s) FROM users GROUP BY %[1]s", "SELECT 1 FROM users HAVING max(%s) = 'a'", "SELECT 1 FROM users ORDER BY %s", "SELECT 1 FROM users ORDER BY length(%s) DESC NULLS LAST", "SELECT 1 FROM users ORDER BY %s USING >",
	"SELECT 1 FROM users LIMIT (SELECT length(%s) FROM users LIMIT 1)", "SELECT 1 FROM users OFFSET (SELECT length(%s) FROM users LIMIT 1)",
	"SELECT 1 FROM users u JOIN videos v ON u.%s = v.title", "SELECT 1 FROM users JOIN videos ON %s = title", "SELECT 1 FROM users u JOIN users v USING (%s)", "SELECT 1 FROM users u LEFT JOIN users v USING (user_id, %s)",
	"SELECT x.%s FROM (users JOIN friends ON true) x", "SELECT 1 FROM users u, LATERAL (SELECT u.%s) s", "SELECT 1 FROM users u, LATERAL (VALUES (u.%s)) s", "SELECT 1 FROM users, unnest(ARRAY[%s]) x",
	"SELECT 1 FROM users, ROWS FROM (generate_series(1, length(%s))) x", "SELECT 1 FROM users, xmltable('/a' PASSING (%s::xml) COLUMNS b text) x", "SELECT 1 FROM users, xmltable('/a' PASSING '<a/>' COLUMNS b text DEFAULT %s) x",
	"SELECT 1 FROM users, xmltable(%s PASSING '<a/>' COLUMNS b text) x", "SELECT 1 FROM users, xmltable('/a' PASSING '<a/>' COLUMNS b text PATH %s) x",
	"SELECT (SELECT %s FROM users LIMIT 1)", "SELECT ARRAY(SELECT %s FROM users)", "SELECT EXISTS (SELECT %s FROM users)", "SELECT 'a' IN (SELECT %s FROM users)", "SELECT %s IN (SELECT 'a') FROM users", "SELECT (%s, 1) = (SELECT 'a', 1) FROM users",
	"SELECT (SELECT u.%s) FROM users u", "SELECT 1 FROM users u WHERE EXISTS (SELECT 1 FROM videos v WHERE v.title = u.%s)", "SELECT s.%[1]s FROM (SELECT %[1]s FROM users) s", "SELECT s.%s FROM (SELECT * FROM users) s",
	"SELECT %s FROM (TABLE users) s", "WITH c AS (SELECT %s FROM users) SELECT 1 FROM c", "WITH c AS (SELECT * FROM users) SELECT %s FROM c", "WITH c AS (SELECT * FROM users) SELECT (c).%s FROM c",
	"WITH RECURSIVE c AS (SELECT %[1]s FROM users UNION SELECT %[1]s FROM c) SELECT 1 FROM c", "WITH RECURSIVE c AS (SELECT country FROM users UNION SELECT u.%s FROM c JOIN users u ON true) SELECT 1 FROM c",
	"SELECT 1 UNION SELECT length(%s) FROM users", "(SELECT country FROM users) EXCEPT (SELECT %s FROM users)", "SELECT country FROM users INTERSECT SELECT %s FROM users", "VALUES ((SELECT %s FROM users LIMIT 1))",
	"SELECT xmlelement(name a, xmlattributes(%s AS b)) FROM users", "SELECT xmlelement(name a, %s) FROM users", "SELECT xmlforest(%s AS a) FROM users", "SELECT xmlconcat(%s::xml) FROM users", "SELECT xmlserialize(content %s::xml AS text) FROM users",
	"SELECT %s IS DOCUMENT FROM users", "SELECT json_object('a': %s) FROM users", "SELECT json_object(%s: 1) FROM users", "SELECT json_array(1, %s) FROM users", "SELECT json_arrayagg(%s) FROM users", "SELECT json_arrayagg(1 ORDER BY %s) FROM users",
	"SELECT json_objectagg('a': %s) FROM users", "SELECT json_objectagg('a': 1) FILTER (WHERE %s = 'a') FROM users", "SELECT json_arrayagg(1) OVER (PARTITION BY %s) FROM users", "SELECT %s IS JSON FROM users",
	"SELECT json_array(SELECT %s FROM users)", "SELECT row_to_json(x) FROM (SELECT %s FROM users) x", "SELECT to_jsonb(u.%s) FROM users u", "SELECT format('%%s', %s) FROM users",
	"COPY users (%s) TO STDOUT", "COPY (SELECT %s FROM users) TO STDOUT", "PREPARE p AS SELECT %s FROM users", "DECLARE c CURSOR FOR SELECT %s FROM users", "EXECUTE p ((SELECT %s FROM users LIMIT 1))",
	"SELECT format_type(length(%s)::oid, NULL) FROM users", "SELECT length(%s)::oid::regclass FROM users", "SELECT has_table_privilege(%s, 'pg_class', 'SELECT') FROM users", "SELECT to_regclass(%s) FROM users",
	"SELECT current_setting(%s) FROM users", "SELECT set_config('application_name', %s, false) FROM users",
}

// mayRefuse are places that are refused, or answered in another way, for any column.
var mayRefuse = map[string]bool{
	"SELECT to_regclass(%s) FROM users": true, "SELECT current_setting(%s) FROM users": true,
	"SELECT set_config('application_name', %s, false) FROM users": true, "SELECT has_table_privilege(%s, 'pg_class', 'SELECT') FROM users": true,
	"WITH c AS (SELECT * FROM users) SELECT (c).%s FROM c": true,
	// The deparser leaves the parentheses out.
	"SELECT 1 FROM users, xmltable('/a' PASSING (%s::xml) COLUMNS b text) x": true,
}

// TestHiddenEverywhere: a hidden column does not exist in any clause or expression, and a shown one does.
func TestHiddenEverywhere(t *testing.T) {
	rw := appRewriter(t)
	for _, place := range columnPlaces {
		for _, hidden := range []string{"phone", "deleted_at", "phone_tail", `U&"\0070hone"`, `"phone"`} {
			text := fmt.Sprintf(place, hidden)
			plan, err := planOne(t, rw, text)
			if code := codeOf(err); code != "42703" && code != "42883" && !(mayRefuse[place] && (code == "42501" || code == "0A000")) {
				t.Errorf("%s: %v %+v", text, err, plan)
			}
		}
		text := fmt.Sprintf(place, "country")
		plan, err := planOne(t, rw, text)
		if err != nil {
			if !mayRefuse[place] && codeOf(err) != "26000" { // EXECUTE, whose arguments were bound
				t.Errorf("a shown column is refused: %s: %v", text, err)
			}
			continue
		}
		checkSent(t, newTestSession(t, rw), plan)
	}
}

// TestDeniedEverywhere: a denied table does not exist wherever a relation can be named.
func TestDeniedEverywhere(t *testing.T) {
	rw := appRewriter(t)
	for _, place := range []string{"SELECT 1 FROM %s", "SELECT 1 FROM ONLY %s", "TABLE %s", "SELECT 1 FROM users, %s x", "SELECT 1 FROM users JOIN %s x ON true", "SELECT 1 FROM (%s CROSS JOIN users)",
		"SELECT 1 FROM users NATURAL LEFT JOIN %s", "SELECT (SELECT 1 FROM %s)", "SELECT 1 WHERE EXISTS (SELECT 1 FROM %s)", "WITH c AS (TABLE %s) SELECT 1", "WITH RECURSIVE c AS (SELECT 1 UNION SELECT 1 FROM c, %s) SELECT 1",
		"SELECT 1 UNION SELECT 2 FROM %s", "VALUES ((SELECT 1 FROM %s))", "SELECT 1 FROM users u, LATERAL (SELECT 1 FROM %s) s", "SELECT 1 FROM generate_series(1, (SELECT 1 FROM %s))", "SELECT 1 ORDER BY (SELECT 1 FROM %s)",
		"SELECT 1 LIMIT (SELECT 1 FROM %s)", "SELECT count(*) FILTER (WHERE EXISTS (TABLE %s)) FROM users", "SELECT 1 FROM users HAVING EXISTS (TABLE %s)", "COPY %s TO STDOUT", "COPY (TABLE %s) TO STDOUT", "PREPARE p AS TABLE %s",
		"DECLARE c CURSOR FOR TABLE %s", "EXECUTE p ((SELECT 1 FROM %s))"} {
		for _, denied := range []string{"hidden_messages", "public.hidden_messages", "app.public.hidden_messages", `"hidden_messages"`, "shadow.videos", "phones", "hidden_totals", "hidden_counter", "users_phone", "pair"} {
			text := fmt.Sprintf(place, denied)
			if plan, err := planOne(t, rw, text); codeOf(err) != "42P01" {
				t.Errorf("%s: %v %+v", text, err, plan)
			}
		}
		text := fmt.Sprintf(place, "accounts")
		if _, err := planOne(t, rw, text); err != nil && codeOf(err) != "26000" {
			t.Errorf("a shown table is refused: %s: %v", text, err)
		}
	}
}
