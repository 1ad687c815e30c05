package rewrite

import (
	"strings"
	"testing"
)

// TestPickedByKey: any row of a group stands for all only where the twin has the key, and no child has rows of the same.
func TestPickedByKey(t *testing.T) {
	t.Parallel()
	const text = "SELECT c.spot FROM countries c GROUP BY c.code"
	masked := parsedPolicy(t, func(s string) string {
		return strings.Replace(s, `code         = "show"`, `code         = { mask = "email" }`, 1)
	})
	if _, err := planOne(t, newTestRewriter(t, masked, "app", &storedCatalog{current: storedSnapshot(t)}), text); codeOf(err) != "0A000" {
		t.Errorf("with a masked key: %v", err)
	}
	source := &storedCatalog{current: storedSnapshot(t)}
	rw := newTestRewriter(t, parsedPolicy(t, nil), "app", source)
	if p := mustPlan(t, rw, text); !strings.Contains(p.SQL, "array_agg") || p.Columns[0] != (Origin{}) {
		t.Errorf("%s, %+v", p.SQL, p.Columns)
	}
	parent, _ := source.current.Relation("public", "countries")
	child, _ := source.current.Relation("public", "accounts")
	child.Parents = append(child.Parents, parent.OID)
	if _, err := planOne(t, rw, text+", 1+1"); codeOf(err) != "0A000" { // another text: plans are kept
		t.Errorf("with children: %v", err)
	}
}
