package regress

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		script string
		want   []Chunk
	}{
		{"SELECT 1;\n-- a; comment\nSELECT ';', \"a;b\", $$;$$, $x$ $$; $x$; /* ; /* ; */ ; */ SELECT 2", []Chunk{
			{1, "SELECT 1;", "SELECT 1"}, {3, "SELECT ';', \"a;b\", $$;$$, $x$ $$; $x$;", "SELECT ';', \"a;b\", $$;$$, $x$ $$; $x$"}, {3, "SELECT 2", ""}}},
		{`SELECT E'\';', 'it''s;', type'\';`, []Chunk{{1, `SELECT E'\';', 'it''s;', type'\';`, `SELECT E'\';', 'it''s;', type'\'`}}},
		{"SELECT 1 \\gset\n\\d users\nSELECT 2 \\; SELECT 3;", []Chunk{{1, "SELECT 1 \\gset\n", ""}, {2, "\\d users\n", ""}, {3, "SELECT 2 \\; SELECT 3;", "SELECT 2 \\; SELECT 3"}}},
		{"COPY t FROM stdin;\n1;\t2\n\\.\nSELECT 1;", []Chunk{{1, "COPY t FROM stdin;\n1;\t2\n\\.\n", ""}, {4, "SELECT 1;", "SELECT 1"}}},
		{"COPY t FROM stdin CSV;\na\\.\n\\.b\n\\.\nSELECT 1;", []Chunk{{1, "COPY t FROM stdin CSV;\na\\.\n\\.b\n\\.\n", ""}, {5, "SELECT 1;", "SELECT 1"}}},
		{"select 0\\; copy t from stdin\\; copy t from stdin; -- two\n1\n\\.\n2\n\\.\nSELECT 1;", []Chunk{{1, "select 0\\; copy t from stdin\\; copy t from stdin; -- two\n1\n\\.\n2\n\\.\n", ""}, {6, "SELECT 1;", "SELECT 1"}}},
		{"\\copy t from stdin\n1;\n\\.\nSELECT 1;", []Chunk{{1, "\\copy t from stdin\n1;\n\\.\n", ""}, {4, "SELECT 1;", "SELECT 1"}}},
		{"CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);", []Chunk{{1, "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);", "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)"}}},
		{"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3;", []Chunk{
			{1, "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;",
				"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END"}, {1, "SELECT 3;", "SELECT 3"}}},
		{"\\if :skip\nSELECT 1;\n\\quit\n\\endif\nSELECT 2;", []Chunk{{1, "\\if :skip\nSELECT 1;\n\\quit\n\\endif\n", ""}, {5, "SELECT 2;", "SELECT 2"}}},
		{"SELECT 1; \\gset x\nSELECT 2;", []Chunk{{1, "SELECT 1; \\gset x\n", ""}, {2, "SELECT 2;", "SELECT 2"}}},
	} {
		if got := Split(test.script); !slices.Equal(got, test.want) {
			t.Errorf("%s\n got %+v\nwant %+v", test.script, got, test.want)
		}
	}
}
