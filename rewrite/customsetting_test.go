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
