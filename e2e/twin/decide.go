package twin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// fate is what becomes of a relation.
type fate struct {
	rel        *catalog.Relation
	absent     bool // not on the twin
	nameless   bool // a partition whose name would tell: only its rows are on the twin, as the parent's
	filter     string
	treatments []config.Treatment // of rel.Columns, in their order
}

func (f *fate) name() string { return f.rel.Schema + "." + f.rel.Name }

// copied is the table of the workspace that holds the twin's rows.
func (f *fate) copied() string { return fmt.Sprintf("%s.rows_%d", workspace, f.rel.OID) }

// same says that the relation's rows are the twin's as they are.
func (f *fate) same() bool {
	if f.filter != "" {
		return false
	}
	for _, t := range f.treatments {
		if t.Kind != config.Show {
			return false
		}
	}
	return true
}

// stored says that the relation has rows of its own that can be replaced.
func (f *fate) stored() bool { return f.rel.Kind == 'r' }

// decide finds the fate of every relation of users that a FROM clause could name, but for views that the policy does not list:
// their fate follows from what they read.
func (b *builder) decide() error {
	for _, rel := range b.snapshot.Relations() {
		if rel.OID < catalog.FirstUserOID || !strings.ContainsRune("rpvmf", rune(rel.Kind)) {
			continue
		}
		rule := b.listed(rel)
		if rule == nil && rel.Kind == 'v' {
			continue
		}
		if rule == nil && b.policy.ShowTables && (rel.Kind == 'r' || rel.Kind == 'p') {
			rule = &config.Table{Schema: rel.Schema, Name: rel.Name}
		}
		f := fate{rel: rel, absent: rule == nil || rule.Deny}
		if !f.absent {
			f.filter = rule.Rows
			for i := range rel.Columns {
				f.treatments = append(f.treatments, b.treatment(rel, rule, &rel.Columns[i]))
			}
			f.nameless = b.policy.Table(rel.Schema, rel.Name) == nil && b.tells(rel, &f)
			f.absent = f.nameless
		}
		b.fates = append(b.fates, f)
	}
	return nil
}

// tells says that a partition, or one that it is part of, is chosen by a column that the twin does not show as it is.
func (b *builder) tells(rel *catalog.Relation, f *fate) bool {
	for _, oid := range rel.Parents {
		parent, ok := b.snapshot.RelationByOID(oid)
		if !ok {
			continue
		}
		for _, num := range slices.Concat(parent.PartitionKey, parent.PartitionReads) {
			i := slices.IndexFunc(f.rel.Columns, func(c catalog.Column) bool {
				key, ok := parent.ColumnByNum(num)
				return ok && c.Name == key.Name
			})
			if i < 0 || f.treatments[i].Kind != config.Show {
				return true
			}
		}
		if b.tells(parent, f) {
			return true
		}
	}
	return false
}

// listed is the policy's entry for a relation: its own, or its nearest parent's.
func (b *builder) listed(rel *catalog.Relation) *config.Table {
	if t := b.policy.Table(rel.Schema, rel.Name); t != nil {
		return t
	}
	for _, oid := range rel.Parents {
		if parent, ok := b.snapshot.RelationByOID(oid); ok {
			if t := b.listed(parent); t != nil {
				return t
			}
		}
	}
	return nil
}

// treatment is what happens to a column. An unlisted generated column is no better than what it reads, and columns of types whose
// values name catalog objects are not on the twin.
func (b *builder) treatment(rel *catalog.Relation, rule *config.Table, col *catalog.Column) config.Treatment {
	hide := config.Treatment{Kind: config.Hide}
	t, ok := rule.Columns[col.Name]
	switch {
	case ok && t.Kind == config.Null:
		return t
	case b.namesObjects(col.Type.OID):
		return hide
	case ok:
		return t
	case !b.policy.ShowColumns:
		return hide
	}
	for _, num := range col.Reads {
		source, ok := rel.ColumnByNum(num)
		if col.Generated && ok && num != col.Num && b.treatment(rel, rule, source).Kind != config.Show {
			return hide
		}
	}
	return config.Treatment{Kind: config.Show}
}

// namesObjects says that values of a type are reg* or rows that the twin does not have as they are, or contain such.
func (b *builder) namesObjects(oid uint32) bool {
	t := b.snapshot.Types[oid]
	for t != nil && (t.Kind == 'd' || t.Category == 'A' && t.Elem != 0) {
		if t.Kind == 'd' {
			t = b.snapshot.Types[t.Base]
		} else {
			t = b.snapshot.Types[t.Elem]
		}
	}
	if t == nil || t.Kind != 'c' {
		return t == nil || t.Schema == "pg_catalog" && strings.HasPrefix(t.Name, "reg")
	}
	rel, ok := b.snapshot.RelationByOID(t.Relation)
	if !ok || rel.OID < catalog.FirstUserOID {
		return true
	}
	rule := &config.Table{}
	if rel.Kind != 'c' {
		if rule = b.listed(rel); rule == nil || rule.Deny {
			return true
		}
	}
	return slices.ContainsFunc(rel.Columns, func(c catalog.Column) bool {
		return b.namesObjects(c.Type.OID) || rel.Kind != 'c' && b.treatment(rel, rule, &c).Kind != config.Show
	})
}
