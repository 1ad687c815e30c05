package rewrite

import (
	"cmp"
	"context"
	"errors"
	"testing"
)

// Views are bound before the twin's objects are known; the schemas that their definitions name have to be, or a view that calls a function does not exist.
func TestViewsOverFunctions(t *testing.T) {
	for _, c := range []struct{ name, database, definition, want string }{
		{"listed function", "app", "SELECT countries.code, (public.allowed(1))::text AS name FROM public.countries", ""},
		{"listed function of a schema that has nothing else", "app", "SELECT countries.code, (tools.vat(1))::text AS name FROM public.countries", ""},
		{"listed function, all is shown", "open", "SELECT countries.code, (public.allowed(1))::text AS name FROM public.countries", "forbidden-view"},
		{"function of the same schema", "open", "SELECT countries.code, (public.unlisted(1))::text AS name FROM public.countries", "forbidden-view"},
		{"function of a schema that has nothing else", "open", "SELECT countries.code, (elsewhere.f(1))::text AS name FROM public.countries", "forbidden-view"},
		{"function that is not listed, where not all is shown", "app", "SELECT countries.code, (public.unlisted(1))::text AS name FROM public.countries", "42P01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := &storedCatalog{current: storedSnapshot(t)}
			rel, ok := source.current.Relation("public", "countries_named")
			if !ok {
				t.Fatal("no view")
			}
			rel.View = c.definition
			if got := refusalOf(t, c.database, source); got != c.want {
				t.Errorf("reading the view answers %q, expected %q", got, c.want)
			}
		})
	}
}

func refusalOf(t *testing.T, database string, source *storedCatalog) string {
	t.Helper()
	s, err := newTestRewriter(t, parsedPolicy(t, nil), database, source).NewSession(SessionParams{User: "analyst", Database: "app"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Query(context.Background(), "SELECT name FROM countries_named")
	var e *Error
	if errors.As(err, &e) {
		return cmp.Or(e.Reason, e.Code)
	}
	return ""
}
