package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// A partition's name tells of each row in it where its partition key lies, whatever is shown of the key. So a partition has a name in the twin only
// if it is told of nothing but what the twin shows as it is. Its rows are the parent's all the same.

// nameless says that the twin has a partition's rows, but no relation of its name. An entry of the policy for that very partition gives it one.
func (tw *twin) nameless(rel *catalog.Relation) bool {
	return tw.policy.Tables[rel.Schema+"."+rel.Name] == nil && tw.nameTells(rel)
}

// nameTells says that a partition is chosen, by the table that it is of or by one further above, by what the twin does not show as it is.
func (tw *twin) nameTells(rel *catalog.Relation) bool {
	rule := tw.tableRule(rel)
	if rule == nil {
		rule = &config.Table{Schema: rel.Schema, Name: rel.Name}
	}
	return tw.chosenUnseen(rel, rule, rel)
}

// chosenUnseen goes up from a partition, or one of those above it. Columns of a partition have the names that they have above.
func (tw *twin) chosenUnseen(rel *catalog.Relation, rule *config.Table, below *catalog.Relation) bool {
	return slices.ContainsFunc(below.Parents, func(oid uint32) bool {
		parent, ok := tw.snapshot.RelationByOID(oid)
		return !ok || parent.Kind == 'p' && !tw.showsKey(rel, rule, parent) || tw.chosenUnseen(rel, rule, parent)
	})
}

// orderTells says that a table has partitions by what is not shown: its rows are read one partition after the other. Identifiers that their domain lets
// show by order may.
func (tw *twin) orderTells(rel *catalog.Relation, rule *config.Table) bool {
	if rel.Kind != 'p' {
		return false
	}
	inOrder := func(t config.Treatment) bool {
		return t.Kind == config.Show || t.Kind == config.Pseudonym && !tw.hidesOrder(t.Domain)
	}
	return !tw.tellsKey(rel, rule, rel, inOrder) || slices.ContainsFunc(rel.Children, func(oid uint32) bool {
		child, ok := tw.snapshot.RelationByOID(oid)
		return !ok || tw.orderTells(child, rule)
	})
}

// viewTells says that a view, materialized or not, reads such a table, as far as its definition tells: its rows come, or were stored, in the order of that one's.
func (tw *twin) viewTells(rel *catalog.Relation) bool {
	if rel.Kind != 'v' && rel.Kind != 'm' {
		return false
	}
	tree, err := pg.Parse(rel.View)
	if err != nil || len(tree.Stmts) != 1 {
		return true
	}
	tells := false
	walkNodes(tree.Stmts[0].Stmt, func(n *pg.Node) {
		read, ok := tw.snapshot.Relation(n.GetRangeVar().GetSchemaname(), n.GetRangeVar().GetRelname())
		if !ok || tells { // a WITH query
			return
		}
		rule := tw.tableRule(read)
		tells = tw.viewTells(read) || read.Kind == 'p' && (rule == nil || tw.orderTells(read, rule))
	})
	return tells
}

// showsKey says that of a partition all columns are shown as they are that the key of a table above it reads.
func (tw *twin) showsKey(rel *catalog.Relation, rule *config.Table, above *catalog.Relation) bool {
	return tw.tellsKey(rel, rule, above, func(t config.Treatment) bool { return t.Kind == config.Show })
}

// tellsKey says that of a table all columns are told, as may says, that the partition key of it or of one above it reads. A key of which none is known tells nothing.
func (tw *twin) tellsKey(rel *catalog.Relation, rule *config.Table, above *catalog.Relation, may func(config.Treatment) bool) bool {
	reads := slices.Concat(above.PartitionKey, above.PartitionReads)
	return len(reads) > 0 && !slices.ContainsFunc(reads, func(num int16) bool {
		key, ok := above.ColumnByNum(num)
		if !ok {
			return true
		}
		col, ok := rel.Column(key.Name)
		return !ok || !may(tw.treatment(rel, rule, col))
	})
}

// hasNamedChild says that a table of the twin has a partition or child that is read by its own name.
func (tw *twin) hasNamedChild(rel *catalog.Relation) bool {
	return slices.ContainsFunc(rel.Children, func(oid uint32) bool {
		child, ok := tw.snapshot.RelationByOID(oid)
		return ok && (tw.tables[oid] != nil || tw.hasNamedChild(child))
	})
}

// TellingPartitions are those that a policy lists by their own names though these tell of a key that it does not show as it is, as schema.name. Its error is
// that of a policy that does not fit the database.
func TellingPartitions(policy *config.Database, domains map[string]config.Domain, snapshot *catalog.Snapshot) ([]string, error) {
	tw, err := newTwin(policy, domains, snapshot, sqlForms)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, rel := range snapshot.Relations() {
		if tw.tables[rel.OID] != nil && len(rel.Parents) > 0 && tw.nameTells(rel) {
			names = append(names, rel.Schema+"."+rel.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}
