package rewrite

import (
	"slices"
	"testing"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// virtually is a table of the stored catalog as if its column had been a virtual one.
func virtually(t *testing.T, tw *twin, name string) *catalog.Relation {
	t.Helper()
	found, ok := tw.snapshot.Relation("public", "videos")
	if !ok {
		t.Fatal("no videos")
	}
	rel := *found
	rel.Columns = slices.Clone(rel.Columns)
	c, _ := rel.Column(name)
	c.Virtual, c.Generated = true, true
	return &rel
}

// TestYields: an expression of a virtual column is safe to evaluate on a hidden row only if nothing in it, nor a cast that is not printed, can raise.
func TestYields(t *testing.T) {
	tw := describingTwin(t)
	rel := virtually(t, tw, "title")
	title, _ := rel.Column("title")
	views, _ := rel.Column("views")
	for text, want := range map[string]bool{
		"COALESCE('x'::text, 'y'::text)":                               true,
		"CASE WHEN (views > 5) THEN 'many'::text ELSE 'few'::text END": true,
		"lower(title)":         false, // no generated column is read
		"((1 / views))::text":  false,
		"(views)::text":        true,
		"(created_at)::text":   false,
		"views":                false, // a cast that the server adds
		"nothing(views)":       false,
		"upper('x'::text)":     false,
		"'x'::text, 'y'::text": false,
		"":                     false,
	} {
		if got := tw.yields(rel, text, title); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	long := *title
	long.Type.Mod = 9
	if tw.yields(rel, "'x'::text", &long) {
		t.Error("a value may be too long")
	}
	if tw.computes(rel, views) || !tw.computes(rel, title) {
		t.Error("what computes is told by the column")
	}
}

// TestFilterReadsVirtual: a row filter that evaluates a virtual column may raise, with a raw value in the message.
func TestFilterReadsVirtual(t *testing.T) {
	tw := describingTwin(t)
	rel := virtually(t, tw, "title")
	for filter, want := range map[string]bool{
		"views > 5": false, "title = 'x'": true, "videos.title = 'x'": true, "videos IS NOT NULL": true, "EXISTS (SELECT 1 FROM public.users u WHERE u.user_id = videos.user_id)": false,
	} {
		_, mayRaise, err := qualifyFilter(tw.snapshot, rel, filter)
		if err != nil || mayRaise != want {
			t.Errorf("%s: %v, %v", filter, mayRaise, err)
		}
	}
}
