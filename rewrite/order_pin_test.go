package rewrite

import (
	"strings"
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// hiding gives a session in which the order of rows is hidden, over the stored catalog after change.
func hiding(tb testing.TB, change func(*catalog.Snapshot)) *Session {
	tb.Helper()
	snapshot := storedSnapshot(tb)
	change(snapshot)
	cfg := parsedPolicy(tb, func(text string) string {
		return strings.ReplaceAll(sealedPolicy(text), `order = "show"`, `order = "hide"`)
	})
	rw := newTestRewriter(tb, cfg, "app", &storedCatalog{current: snapshot})
	abbreviate(tb, rw, "analyst")
	return newTestSession(tb, rw)
}

// keyed makes a column the primary key of a table.
func keyed(snapshot *catalog.Snapshot, table, column string) {
	rel, _ := snapshot.Relation("public", table)
	c, _ := rel.Column(column)
	rel.PrimaryKey = []int16{c.Num}
}

// TestPinnedKey: only what is compared with the key as the key is unique leaves one row, which needs no sorting.
func TestPinnedKey(t *testing.T) {
	const float8Type, dateType = oidFloat8, 1082
	folded := func(s *catalog.Snapshot) *catalog.Type {
		domain, _ := s.TypeByName("public", "short_text")
		domain.Collation, domain.Checks = "public.own", nil
		return domain
	}
	domain := folded(storedSnapshot(t)).OID
	sessions := map[string]*Session{}
	for _, test := range []struct {
		key, sql string
		types    []uint32
		one      bool
	}{
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = 7", nil, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE 7 = video_id", nil, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = -1500000000000000000", nil, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = '7' AND title = 'x'", nil, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = 7::int2", nil, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id OPERATOR(pg_catalog.=) 7", nil, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = 1.5e18::float8", nil, false},
		{"videos.video_id", "SELECT user_id FROM videos WHERE 7::float4 = video_id", nil, false},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = 1.5e18", nil, false},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = $1", nil, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = $1", []uint32{oidInt4}, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = $1::int8", []uint32{oidText}, true},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = $1", []uint32{float8Type}, false},
		{"videos.video_id", "SELECT user_id FROM videos WHERE video_id = $1", []uint32{oidNumeric}, false},
		{"videos.video_id", "SELECT $1::float8, user_id FROM videos WHERE video_id = $1", nil, false},
		{"videos.user_id", "SELECT video_id FROM videos WHERE user_id = 7", nil, true},
		{"videos.user_id", "SELECT video_id FROM videos WHERE user_id = $1", nil, true},
		{"videos.user_id", "SELECT video_id FROM videos WHERE user_id = 7::float8", nil, false},
		{"videos.created_at", "SELECT video_id FROM videos WHERE created_at = $1", []uint32{dateType}, false},
		{"users.username", "SELECT user_id FROM users WHERE username = 'x'", nil, true},
		{"users.username", "SELECT user_id FROM users WHERE username = 'x'::varchar", nil, true},
		{"users.username", "SELECT user_id FROM users WHERE username = $1", nil, true},
		{"users.username", "SELECT user_id FROM users WHERE username = $1", []uint32{domain}, false},
		{"users.username", "SELECT user_id FROM users WHERE username = 'x'::short_text", nil, false},
		{"users.username", "SELECT user_id FROM users WHERE 'x'::short_text = username", nil, false},
		{"users.username", "SELECT user_id FROM users WHERE username = 'x' COLLATE own", nil, false},
		{"videos.title", "SELECT user_id FROM videos WHERE title = 'x'", nil, false}, // of a collation of its own
		{"devices.device_id", "SELECT price FROM devices WHERE device_id = 'bf5bd48c-5e13-4c16-a254-0d5d1e5f5e52'", nil, true},
		{"devices.price", "SELECT device_id FROM devices WHERE price = 10.0", nil, false}, // a mask of it is not unique
	} {
		if sessions[test.key] == nil {
			sessions[test.key] = hiding(t, func(s *catalog.Snapshot) {
				table, column, _ := strings.Cut(test.key, ".")
				keyed(s, table, column)
				folded(s)
				videos, _ := s.Relation("public", "videos")
				title, _ := videos.Column("title")
				title.Type.Collation = "public.own"
			})
		}
		p, err := sessions[test.key].Parse(t.Context(), test.sql, test.types)
		if err != nil {
			if test.one || !strings.Contains(err.Error(), "takes texts that differ for equal") {
				t.Errorf("%s: %v", test.sql, err)
			}
			continue
		}
		if one := !strings.Contains(p.SQL, "ORDER BY"); one != test.one {
			t.Errorf("%s %v: at most one row %v, taken for %v: %s", test.sql, test.types, test.one, one, p.SQL)
		}
	}
}

// TestPinnedByOwnOperator: nothing is known of what an extension's operator takes for equal.
func TestPinnedByOwnOperator(t *testing.T) {
	for _, name := range [][]string{{"="}, {"pg_catalog", "="}} {
		if !builtinEquality(nameNodes(name...)) {
			t.Errorf("%v is not taken for pg_catalog's", name)
		}
	}
	if builtinEquality(nameNodes("public", "=")) || builtinEquality(nameNodes("<>")) {
		t.Error("another operator is taken for pg_catalog's =")
	}
}
