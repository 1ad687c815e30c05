package rewrite

import (
	"errors"
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/masking"
)

// rereadTwin is the twin of a policy with sealed execution, and the seal of its users.
func rereadTwin(t *testing.T) (*twin, Seal) {
	t.Helper()
	rw := newTestRewriter(t, parsedPolicy(t, sealedPolicy), "app", &storedCatalog{current: storedSnapshot(t)})
	tw, _, err := rw.twin("analyst")
	if err != nil {
		t.Fatal(err)
	}
	return tw, Seal{Domain: "user", Type: oidInt8}
}

func disputed(t *testing.T, tw *twin, text string, marks []mark, columns []Origin) bool {
	t.Helper()
	tree, err := pg.Parse(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	err = reread(tw, tree.Stmts[0].Stmt, marks, columns, nil)
	if err != nil && !errors.Is(err, errDisputed) {
		t.Fatalf("%v: %s", err, text)
	}
	return err != nil
}

const rawUsers = `(SELECT "users"."user_id" AS "user_id", "users"."username" AS "username" FROM "public"."users" WHERE deleted_at IS NULL) u`

// TestRereadAnswer: each column of the answer is sealed by what it holds, and by nothing else.
func TestRereadAnswer(t *testing.T) {
	tw, seal := rereadTwin(t)
	for _, c := range []struct {
		item string
		seal Seal
		pass bool
	}{
		{"user_id", seal, true}, {"user_id", Seal{}, false}, {"user_id", Seal{Domain: "nick", Type: oidInt8}, false}, {"user_id", Seal{Domain: "user", Type: oidInt4}, false},
		{"array_agg(user_id)", Seal{Domain: "user", Type: oidInt8, Array: true}, true}, {"array_agg(user_id)", seal, false},
		{"username", Seal{}, true}, {"username", seal, false}, // a clear value that the proxy seals would be an oracle
		{"NULL::int8", seal, true}, {"NULL::int8", Seal{}, true}, {"u", Seal{}, false}, {"ROW(user_id)", Seal{}, false},
	} {
		if got := !disputed(t, tw, "SELECT "+c.item+" FROM "+rawUsers, nil, []Origin{{Seal: c.seal}}); got != c.pass {
			t.Errorf("%s sealed as %v passes: %v", c.item, c.seal, got)
		}
	}
	if !disputed(t, tw, "SELECT 1, 2", nil, []Origin{{}}) {
		t.Error("an answer with a column more than the plan has passes")
	}
}

// TestRereadForms: a cipher's form is applied to an identifier of its domain, its inverse to what is none, and the key of an order key is that of the domain.
func TestRereadForms(t *testing.T) {
	tw, _ := rereadTwin(t)
	int8Type := masking.Type{OID: oidInt8, Name: "bigint"}
	form, err := masking.PseudonymSQL("user", int8Type, placedValue)
	if err != nil {
		t.Fatal(err)
	}
	inverse, err := masking.UnsealSQL("user", int8Type, placedValue)
	if err != nil {
		t.Fatal(err)
	}
	members, err := unsealedForm{domain: "user", typ: int8Type, array: true}.text(sqlForms)
	if err != nil {
		t.Fatal(err)
	}
	over := func(form, value string) string {
		return "(SELECT " + form + " FROM (SELECT " + value + ") cordon_v(cordon_x))"
	}
	key := func(domain string) string {
		return "pg_catalog.hashint8extended(user_id, " + masking.OrderSeedSQL(domain) + ")"
	}
	for _, c := range []struct {
		text string
		pass bool
	}{
		{"SELECT " + over(form, "u.user_id") + " FROM " + rawUsers, true},
		{"SELECT " + over(form, "NULL::int8") + " FROM " + rawUsers, true},
		{"SELECT " + over(form, "5") + " FROM " + rawUsers, false},
		{"SELECT count(*) FROM " + rawUsers + " WHERE user_id = ANY (" + over(members, "'{5}'::int8[]") + "::int8[])", true},
		{"SELECT count(*) FROM " + rawUsers + " WHERE user_id = ANY (" + strings.Replace(over(members, "'{5}'::int8[]"), placedValue, "u.username", 1) + "::int8[])", false},
		{"SELECT count(*) FROM " + rawUsers + " WHERE user_id = " + over(inverse, "5"), true},
		{"SELECT count(*) FROM " + rawUsers + " WHERE user_id = " + over(inverse, "u.user_id"), false},
		{"SELECT " + over(inverse, "5") + " FROM " + rawUsers, false},
		{"SELECT username FROM " + rawUsers + " ORDER BY " + key("user"), true},
		{"SELECT username FROM " + rawUsers + " ORDER BY " + key("nick"), false},
		{"SELECT " + key("user") + " FROM " + rawUsers, false},
		{"SELECT count(*) FROM " + rawUsers + " WHERE " + key("user") + " = " + key("user"), false},
		{"SELECT count(" + key("user") + ") FROM " + rawUsers, false},
		{"SELECT mode() WITHIN GROUP (ORDER BY " + key("user") + ") FROM " + rawUsers, false},
	} {
		if got := !disputed(t, tw, c.text, nil, []Origin{{}}); got != c.pass {
			t.Errorf("passes: %v: %s", got, c.text)
		}
	}
	if !disputed(t, tw, "SELECT cordon_seed_user", []mark{{name: seedMark + "user"}}, []Origin{{}}) {
		t.Error("the key of an order key passes where no hash takes it")
	}
}

// TestRereadUnsealable: an identifier whose equality is not that of its bytes has no seal, and is not read raw.
func TestRereadUnsealable(t *testing.T) {
	tw, _ := rereadTwin(t)
	text := "SELECT count(user_id) FROM " + rawUsers
	if disputed(t, tw, text, nil, []Origin{{}}) {
		t.Fatal("disputed as it is")
	}
	rel, _ := tw.snapshot.Relation("public", "users")
	tw.tables[rel.OID].column("user_id").seal = Seal{}
	if !disputed(t, tw, text, nil, []Origin{{}}) {
		t.Error("passes")
	}
}
