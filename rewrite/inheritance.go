package rewrite

import (
	"fmt"
	"reflect"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// checkInheritance makes sure that a parent of the twin may be read with its partitions and children: Postgres reads their rows under the
// parent's name, so that a child with a stricter rule of its own, or of another parent, would be read past it.
func (tw *twin) checkInheritance() error {
	for _, child := range tw.snapshot.Relations() {
		if child.OID < catalog.FirstUserOID {
			continue
		}
		for _, oid := range child.Parents {
			parent, ok := tw.snapshot.RelationByOID(oid)
			if ok && !tw.sameRule(parent, child) {
				return fmt.Errorf("table %s.%s is a partition or child of %s.%s and has another rule: its rows are read under the parent's name, so leave its own entry out or make it the same",
					child.Schema, child.Name, parent.Schema, parent.Name)
			}
		}
	}
	return nil
}

// sameRule says whether what the twin shows of a parent's columns is what it shows of them in a child.
func (tw *twin) sameRule(parent, child *catalog.Relation) bool {
	above, below := tw.tableRule(parent), tw.tableRule(child)
	if above == nil { // nobody reads the child through this parent, but another one may let it through
		return below == nil || tw.policy.Tables[child.Schema+"."+child.Name] != nil || len(child.Parents) == 1
	}
	if below == nil || above.Rows != below.Rows {
		return false
	}
	for i := range parent.Columns {
		col, ok := child.Column(parent.Columns[i].Name)
		if !ok || !reflect.DeepEqual(tw.treatment(parent, above, &parent.Columns[i]), tw.treatment(child, below, col)) {
			return false
		}
	}
	return true
}

// findForeign marks what has a foreign table among its partitions or children: it is read with it, so that it is only there if listed, as a foreign table is.
func (tw *twin) findForeign() {
	var mark func(rel *catalog.Relation)
	mark = func(rel *catalog.Relation) {
		for _, oid := range rel.Parents {
			if parent, ok := tw.snapshot.RelationByOID(oid); ok && !tw.foreign[oid] {
				tw.foreign[oid] = true
				mark(parent)
			}
		}
	}
	for _, rel := range tw.snapshot.Relations() {
		if rel.Kind == 'f' {
			mark(rel)
		}
	}
}
