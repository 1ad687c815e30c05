package main

import (
	"regexp"
	"slices"
	"testing"
)

// TestCheckPartitions lists partitions by their names: those of a hidden key are warned of, those of a shown one are not.
func TestCheckPartitions(t *testing.T) {
	text := checkHead
	for _, table := range []string{"risks", "risks_high", "risks_high_1", "days", "days_1"} {
		text += "[database.app.table.\"public." + table + "\".columns]\nid = \"show\"\n"
	}
	out := checkConnected(t, `CREATE TABLE risks (id int8, class text) PARTITION BY LIST (class);
CREATE TABLE risks_high PARTITION OF risks FOR VALUES IN ('high') PARTITION BY RANGE (id);
CREATE TABLE risks_high_1 PARTITION OF risks_high DEFAULT;
CREATE TABLE risks_low PARTITION OF risks FOR VALUES IN ('low');
CREATE TABLE days (id int8) PARTITION BY RANGE (id);
CREATE TABLE days_1 PARTITION OF days DEFAULT`, text)
	var warned []string
	for _, found := range regexp.MustCompile(`WARNING: database\.app\.table\."public\.(\w+)": the name of this partition`).FindAllStringSubmatch(out, -1) {
		warned = append(warned, found[1])
	}
	if !slices.Equal(warned, []string{"risks_high", "risks_high_1"}) {
		t.Errorf("warned of %v in\n%s", warned, out)
	}
}
