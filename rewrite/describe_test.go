package rewrite

import (
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

func describingTwin(t *testing.T) *twin {
	t.Helper()
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", &storedCatalog{current: storedSnapshot(t)})
	tw, _, err := rw.twin("analyst")
	if err != nil {
		t.Fatal(err)
	}
	return tw
}

// TestKeepsApart: a query in which a constant may meet an identifier or a masked value shows no text.
func TestKeepsApart(t *testing.T) {
	tw := describingTwin(t)
	for sql, want := range map[string]bool{
		"SELECT video_id FROM public.videos WHERE views > 7":                                                                        true,
		"SELECT user_id, username FROM public.users WHERE country = 'IE'":                                                           true,
		"SELECT date_trunc('month', birth) AS m FROM public.users":                                                                  true,
		"SELECT count(user_id) AS n FROM public.users HAVING count(user_id) > 5":                                                    true,
		"SELECT title FROM public.videos v WHERE EXISTS (SELECT 1 FROM public.friends f WHERE f.a = v.user_id)":                     true,
		"SELECT username FROM public.users WHERE user_id = 70707":                                                                   false,
		"SELECT username FROM public.users WHERE birth > '2000-01-01'":                                                              false,
		"SELECT COALESCE(email, 'nobody@example.org') AS e FROM public.users":                                                       false,
		"SELECT user_id FROM public.users UNION SELECT 70707":                                                                       false,
		"SELECT 70707 UNION SELECT user_id FROM public.users":                                                                       false,
		"SELECT u.username FROM public.users u JOIN (VALUES (70707)) v(id) ON v.id = u.user_id":                                     false,
		"SELECT u.username FROM public.users u JOIN (SELECT 70707 AS user_id) v USING (user_id)":                                    false,
		"WITH c(x) AS (SELECT user_id FROM public.users) SELECT x FROM c WHERE x <> 70707":                                          false,
		"WITH c AS (SELECT 70707 AS x) SELECT username FROM public.users JOIN c ON user_id = x":                                     false,
		"SELECT z.k FROM (SELECT user_id AS k FROM public.users) z WHERE z.k <> 70707":                                              false,
		"SELECT s.a FROM public.users s(a) WHERE s.a <> 70707":                                                                      false,
		"SELECT v FROM (SELECT video_id AS v FROM public.videos UNION SELECT user_id FROM public.users) s WHERE v <> 70707":         false,
		"SELECT lag(user_id, 1, 70707) OVER (ORDER BY username) AS l FROM public.users":                                             false,
		"SELECT count(*) FILTER (WHERE user_id <> 70707) AS n FROM public.users":                                                    false,
		"SELECT username FROM public.users WHERE user_id IN (SELECT 70707)":                                                         false,
		"SELECT title FROM public.videos WHERE EXISTS (SELECT 1 FROM public.friends f WHERE f.a = 70707)":                           false,
		"SELECT username FROM generate_series(70707, 70708) g(n) JOIN public.users ON user_id = n":                                  false,
		"SELECT username FROM generate_series(70707, 70708) g JOIN public.users ON user_id = g":                                     false,
		"SELECT username FROM public.users ORDER BY user_id = 70707":                                                                false,
		"SELECT row_to_json(u.*) AS r FROM public.users u WHERE true":                                                               false,
		"WITH RECURSIVE r(n) AS (SELECT 70707 UNION SELECT a FROM public.friends JOIN r ON n = b) SELECT n FROM r":                  false,
		"SELECT l.x FROM public.users u, LATERAL (SELECT u.user_id AS x) l WHERE l.x = 70707":                                       false,
		"SELECT CASE (SELECT max(user_id) FROM public.users) WHEN 70707 THEN 1 END AS c":                                            false,
		"SELECT j.x FROM (public.users u JOIN (SELECT 70707 AS m) q ON true) j(x)":                                                  false,
		"SELECT extract(year FROM birth) AS y, 'a' AS kind, country FROM public.users WHERE NOT (country = 'IE' AND views > 5)":     true,
		"SELECT user_id FROM public.users WHERE country = 'IE' OR user_id = 70707":                                                  false,
		"SELECT max(created_at) AS at, user_id FROM public.videos WHERE title LIKE '%x%' GROUP BY user_id ORDER BY user_id LIMIT 5": true,
	} {
		tree, err := pg.Parse(sql)
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		if got := tw.keepsApart(tree.Stmts[0].Stmt); got != want {
			t.Errorf("%s: shown is %v", sql, got)
		}
	}
}

// TestDescribe: what a definition names decides whether it is shown, and the search_path how.
func TestDescribe(t *testing.T) {
	tw := describingTwin(t)
	videos, _ := tw.snapshot.Relation("public", "videos")
	for text, want := range map[string]string{ // under the search_path pg_catalog, public; empty: not shown
		"(views + 1)":                            "(views + 1)",
		"lower(title)":                           "lower(title)",
		"user_id":                                "",
		"phone":                                  "",
		"nextval('public.hidden_seq'::regclass)": "",
		"'public.hidden_messages'::regclass":     "",
		"('public.hidden_messages'::text)::regclass": "",
		"'public.videos'::regclass":                  "'videos'::regclass",
		"to_regclass('hidden_messages'::text)":       "",
		"pg_relation_size('videos'::text)":           "",
		"current_setting('cordon_key.user'::text)":   "",
		"public.allowed(views)":                      "allowed(views)",
		"public.forbidden(views)":                    "",
		"'{}'::regclass[]":                           "",
		"'users'::regtype":                           "",
		"to_tsvector('english'::regconfig, title)":   "to_tsvector('english'::regconfig, title)",
		"(title OPERATOR(public.~~~) 'x'::text)":     "",
		"(SELECT max(phone) FROM public.users)":      "",
		"videos.*":                                   "",
		"'x'::public.nothing":                        "",
		"(NULL::public.users).phone":                 "",
	} {
		d := &catalog.Definition{Kind: catalog.DefaultText, OID: videos.OID, Sub: 1, Relation: videos.OID, Plain: text}
		got := ""
		if described, ok := tw.describe(d, tw.tables[videos.OID], false); ok {
			got = described.under(tw, []string{"pg_catalog", "public"})
		}
		if got != want {
			t.Errorf("%s: shown as %q, want %q", text, got, want)
		}
	}
}

// TestUnder: a schema is cut where the path finds the name without it.
func TestUnder(t *testing.T) {
	tw := describingTwin(t)
	countries, _ := tw.snapshot.Relation("public", "countries")
	d := &catalog.Definition{Kind: catalog.ConstraintText, OID: 1, Relation: countries.OID, Plain: "FOREIGN KEY (code) REFERENCES public.videos(video_id)"}
	described, ok := tw.describe(d, tw.tables[countries.OID], true)
	if !ok {
		t.Fatal("not shown")
	}
	for _, c := range []struct {
		path []string
		want string
	}{
		{[]string{"pg_catalog", "public"}, "FOREIGN KEY (code) REFERENCES videos(video_id)"},
		{[]string{"pg_catalog"}, d.Plain},
		{nil, d.Plain},
	} {
		if got := described.under(tw, c.path); got != c.want {
			t.Errorf("under %q: %s, want %s", c.path, got, c.want)
		}
	}
}

// TestDescribeNotNull: a NOT NULL constraint is shown where its column is.
func TestDescribeNotNull(t *testing.T) {
	videos := &exposed{columns: []exposedColumn{{name: "views"}, {name: `a "b`}, {name: "no"}}}
	for _, c := range []struct {
		text      string
		rel       *exposed
		shown, is bool
	}{
		{"NOT NULL views", videos, true, true},
		{"NOT NULL views NO INHERIT NOT VALID", videos, true, true},
		{"NOT NULL no NO INHERIT", videos, true, true},
		{`NOT NULL "a ""b"`, videos, true, true},
		{"NOT NULL phone", videos, false, true},
		{`NOT NULL "a ""b NO INHERIT"`, videos, false, true},
		{"NOT NULL", videos, false, true},
		{"NOT NULL", nil, true, true},
		{"NOT NULL views", nil, false, true},
		{"NOT NULL views, phone", videos, false, false},
		{"CHECK (views IS NOT NULL)", videos, false, false},
	} {
		shown, is := describeNotNull(&catalog.Definition{Kind: catalog.ConstraintText, Plain: c.text}, c.rel)
		if shown != c.shown || is != c.is {
			t.Errorf("%s: %v, %v", c.text, shown, is)
		}
	}
}

// TestStoredViewDepends: what a materialized view reads is told, by its rule, where the twin has all of it.
func TestStoredViewDepends(t *testing.T) {
	snapshot := storedSnapshot(t)
	const totals = `[database.app.table."public.totals".columns]`
	tw, _ := partitionTwin(t, snapshot, "app", func(text string) string {
		return strings.Replace(text, totals, "[database.app.table.\"public.hidden_totals\".columns]\np = \"show\"\n\n"+totals, 1)
	})
	for name, want := range map[string]bool{"totals": true, "hidden_totals": false} {
		rel, _ := snapshot.Relation("public", name)
		if tw.tables[rel.OID] == nil || tw.objects.views[rel.OID] != want {
			t.Errorf("%s: %v", name, tw.objects.views[rel.OID])
		}
	}
}

// TestOlderText: what the parser lacks is left out where it is read, and only there.
func TestOlderText(t *testing.T) {
	for text, want := range map[string]string{
		"CHECK ((n > 0)) NOT ENFORCED":                                                "CHECK ((n > 0))             ",
		"CHECK ((n <> 'NOT ENFORCED'::text))":                                         "CHECK ((n <> 'NOT ENFORCED'::text))",
		"CHECK ((n <> ' PERIOD '::text))":                                             "CHECK ((n <> ' PERIOD '::text))",
		"PRIMARY KEY (id, at WITHOUT OVERLAPS)":                                       "PRIMARY KEY (id, at                 )",
		`UNIQUE ("a WITHOUT OVERLAPS)", "PERIOD ")`:                                   `UNIQUE ("a WITHOUT OVERLAPS)", "PERIOD ")`,
		"FOREIGN KEY (id, PERIOD at) REFERENCES public.p(id, PERIOD at) NOT ENFORCED": "FOREIGN KEY (id,        at) REFERENCES public.p(id,        at)             ",
	} {
		if got := olderText(&catalog.Definition{Kind: catalog.ConstraintText}, text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}
