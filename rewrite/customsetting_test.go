package rewrite

import (
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// TestCustomSettings: what begins as an extension of the database does is the extension's, which the client could steer by it.
func TestCustomSettings(t *testing.T) {
	t.Parallel()
	env := &environment{twin: &twin{snapshot: &catalog.Snapshot{Extensions: map[string]*catalog.Extension{"shop": {Name: "shop"}}}}}
	for name, kept := range map[string]bool{"app.user": true, "APP.User": true, "shop.user": false, "SHOP.user": false, "pg_trgm.similarity_threshold": false, "cordon.key": false, "app": false, "app.": false} {
		if server, ok := env.custom(name); ok != kept || ok && server != "cordon_custom.app.user" {
			t.Errorf("%s: %q, %v", name, server, ok)
		}
	}
	env.definition = true
	if _, ok := env.custom("app.user"); ok {
		t.Error("a definition reads what the client sets")
	}
}

// TestCustomSettingsAtStartup: a session that begins with one is judged as one that sets it.
func TestCustomSettingsAtStartup(t *testing.T) {
	t.Parallel()
	source := &storedCatalog{current: storedSnapshot(t)}
	source.current.Extensions = map[string]*catalog.Extension{"shop": {Name: "shop"}}
	rewriter := newTestRewriter(t, parsedPolicy(t, nil), "app", source)
	for name, code := range map[string]string{"app.tenant": "", "shop.tenant": "42501"} {
		s, err := rewriter.NewSession(SessionParams{User: "analyst", Database: "app", Startup: map[string]string{name: "x"}})
		if codeOf(err) != code {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && s.StartupParameters()["cordon_custom."+name] != "x" {
			t.Errorf("%s is not sent: %v", name, s.StartupParameters())
		}
	}
}

// TestClientMessage: what the server says of a custom setting names it as the client does.
func TestClientMessage(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"42704", `unrecognized configuration parameter "cordon_custom.rds.extensions"`, `unrecognized configuration parameter "rds.extensions"`},
		{"42704", `unrecognized configuration parameter "x"`, `unrecognized configuration parameter "x"`},
		{"22P02", `invalid input syntax for type integer: "cordon_custom.x"`, `invalid input syntax for type integer: "cordon_custom.x"`},
	} {
		if got := ClientMessage(c[0], c[1]); got != c[2] {
			t.Errorf("%s: %s", c[1], got)
		}
	}
}
