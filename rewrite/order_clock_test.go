package rewrite

import (
	"os"
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// TestListedClock: a listed function, or the function of a listed operator, that is volatile is refused beside rows whose order is hidden.
func TestListedClock(t *testing.T) {
	for _, volatility := range []byte("isv") {
		snapshot := storedSnapshot(t)
		toy := &catalog.Extension{Name: "toy"}
		for _, name := range []string{"allowed", "unlisted", "same"} {
			for _, f := range snapshot.Functions("public", name) {
				f.Volatility = volatility
				toy.Functions = append(toy.Functions, f.OID)
			}
		}
		for _, o := range snapshot.Operators("===") {
			toy.Operators = append(toy.Operators, o.OID)
		}
		mood, _ := snapshot.TypeByName("public", "mood")
		snapshot.Casts = append(snapshot.Casts, &catalog.Cast{Source: oidInt4, Target: mood.OID, Function: toy.Functions[0]})
		snapshot.Extensions = map[string]*catalog.Extension{"toy": toy}
		for _, order := range []string{"hide", "show"} {
			cfg := parsedPolicy(t, func(text string) string {
				text = strings.Replace(text, `functions = ["public.allowed"`, `functions = ["toy.*", "public.allowed"`, 1)
				return strings.ReplaceAll(sealedPolicy(text), `order = "show"`, `order = "`+order+`"`)
			})
			rw := newTestRewriter(t, cfg, "app", &storedCatalog{current: snapshot})
			for sql, of := range map[string]string{
				"SELECT username, allowed(1) FROM users":                                     "public.allowed",
				"SELECT username FROM users WHERE unlisted(views) = 1":                       "public.unlisted",
				"SELECT count(*) FROM users, public.unlisted(1)":                             "public.unlisted",
				"SELECT title === 'x' FROM videos":                                           "public.same",
				"SELECT title FROM videos WHERE title OPERATOR(public.===) ANY (ARRAY['x'])": "public.same",
				"SELECT views::mood FROM users":                                              "public.allowed",
				"SELECT views::int8, 'good'::mood FROM users":                                "",
				"SELECT allowed(1), unlisted(2), 'a' === 'b'":                                "",
				"SELECT allowed(1), name FROM countries":                                     "",
			} {
				_, err := newTestSession(t, rw).Parse(t.Context(), sql, nil)
				if of == "" || volatility != 'v' || order == "show" {
					if err != nil {
						t.Errorf("%s, %c, order %s: %v", sql, volatility, order, err)
					}
				} else if err == nil || !strings.Contains(err.Error(), of+" could tell in which order the rows are read") {
					t.Errorf("%s, %c, order %s: %v", sql, volatility, order, err)
				}
			}
		}
	}
}

// TestVolatileBuiltins: of the reviewed functions that are volatile, each is a clock, or random from a strong source, or answers alike at each row.
func TestVolatileBuiltins(t *testing.T) {
	harmless := map[string]bool{"random": true, // see unpredictable
		"gen_random_uuid": true, "uuidv4": true, "pg_is_in_recovery": true, "pg_advisory_unlock_all": true, "pg_jit_available": true, "ts_rewrite": true,
		"timezone": true} // 14 asks the clock which offset a timetz has today
	text, err := os.ReadFile("builtin/testdata/pg_proc.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 3 || words[len(words)-1] != "v" {
			continue
		}
		name, _, _ := strings.Cut(words[1], "(")
		for args := range 4 {
			if rule, listed := builtin.Function("pg_catalog", name, args); !listed || rule.Template != "" {
				continue
			}
			if found[name] = true; clocks[name] == harmless[name] {
				t.Errorf("%s is volatile: is it a clock?", name)
			}
		}
	}
	for name := range clocks {
		if !found[name] {
			t.Errorf("%s is not a reviewed function that is volatile", name)
		}
		b := newBinder(&environment{})
		if _, _, err := b.specialCall(nil, &pg.FuncCall{}, []string{"pg_catalog", name}, nil); err != nil || b.clock != name {
			t.Errorf("%s is not noted: %q, %v", name, b.clock, err)
		}
	}
}
