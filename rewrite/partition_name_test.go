package rewrite

import (
	"slices"
	"testing"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

func partitionTwin(t *testing.T, snapshot *catalog.Snapshot, database string, change func(string) string) (*twin, *config.Config) {
	t.Helper()
	cfg := parsedPolicy(t, change)
	tw, err := newTwin(cfg.Databases[database], cfg.Domains, snapshot, sqlForms)
	if err != nil {
		t.Fatal(err)
	}
	return tw, cfg
}

// Rows of a partition without a name leave as the parent's and as nobody else's.
func TestNamelessPartitionsOrigin(t *testing.T) {
	t.Parallel()
	snapshot := storedSnapshot(t)
	tw, _ := partitionTwin(t, snapshot, "app", nil)
	for name, want := range map[string]bool{"risks": true, "risks_low": true, "hidden_risks_high": false, "hidden_ledger_low_old": false, "events_2024": true, "dogs": true} {
		rel, _ := snapshot.Relation("public", name)
		if got := tw.showsOrigin(rel.OID, 1, Seal{}); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// What is declared of a domain holds for the rows of a partition without a name as it does for the parent's.
func TestNamelessPartitionsTypes(t *testing.T) {
	t.Parallel()
	snapshot := storedSnapshot(t)
	domain, _ := snapshot.TypeByName("public", "short_text")
	tw, _ := partitionTwin(t, snapshot, "app", nil)
	if tw.hiddenTypes()[domain.OID] {
		t.Error("a domain of a column that is shown is hidden")
	}
}

// A key of which the snapshot knows no column is not known to be shown.
func TestUnknownPartitionKey(t *testing.T) {
	t.Parallel()
	snapshot := storedSnapshot(t)
	events, _ := snapshot.Relation("public", "events")
	partition, _ := snapshot.Relation("public", "events_2024")
	events.PartitionKey = nil
	if tw, _ := partitionTwin(t, snapshot, "app", nil); tw.tables[partition.OID] != nil || tw.tables[events.OID] == nil {
		t.Error("the partition has a name, or its parent has none")
	}
}

// Where unlisted tables are shown and unlisted columns are not, a foreign partition is not told of by a refusal either.
func TestNamelessForeignPartition(t *testing.T) {
	t.Parallel()
	snapshot := storedSnapshot(t)
	rel, _ := snapshot.Relation("public", "hidden_shards_0")
	rel.Kind = 'f'
	tw, _ := partitionTwin(t, snapshot, "open", nil)
	if tw.refusal(rel) == nil {
		t.Error("a foreign table whose key is shown is not told of")
	}
	tw, _ = partitionTwin(t, snapshot, "hiding", func(s string) string {
		return s + "\n[database.hiding]\nunlisted_tables = \"show\"\nunlisted_columns = \"hide\"\n"
	})
	if err := tw.refusal(rel); err != nil {
		t.Error(err)
	}
}

func TestTellingPartitions(t *testing.T) {
	t.Parallel()
	snapshot := storedSnapshot(t)
	_, cfg := partitionTwin(t, snapshot, "app", nil)
	got, err := TellingPartitions(cfg.Databases["app"], cfg.Domains, snapshot)
	if err != nil || !slices.Equal(got, []string{"public.risks_low"}) {
		t.Errorf("%v, %v", got, err)
	}
}
