package rewrite

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// buildSets renders the set markers. Lists are of what the twin has, so what appears after the snapshot is not listed.
func (tw *twin) buildSets() map[string]string {
	var relations, attributes, types, constraints []uint64
	for _, rel := range tw.snapshot.Relations() {
		e := tw.tables[rel.OID]
		if e == nil {
			continue
		}
		relations = append(relations, uint64(rel.OID))
		for i := range rel.Columns {
			if e.has(rel.Columns[i].Num) {
				attributes = append(attributes, uint64(rel.OID)<<16+uint64(rel.Columns[i].Num))
			}
		}
		for _, index := range rel.Indexes {
			if tw.visible(rel.OID, index.Reads) {
				relations = append(relations, uint64(index.OID))
			}
		}
		for _, c := range rel.Constraints {
			if tw.visible(rel.OID, c.Reads) && (c.Foreign == 0 || tw.visible(c.Foreign, c.ForeignColumns)) {
				constraints = append(constraints, uint64(c.OID))
			}
		}
	}
	for _, t := range tw.snapshot.Types {
		if t.OID >= catalog.FirstUserOID && tw.showsType(t) {
			types = append(types, uint64(t.OID))
		}
	}
	return map[string]string{
		builtin.MarkRelations:   arrayLiteral(relations, "oid"),
		builtin.MarkAttributes:  arrayLiteral(attributes, "int8"),
		builtin.MarkTypes:       arrayLiteral(types, "oid"),
		builtin.MarkConstraints: arrayLiteral(constraints, "oid"),
	}
}

// showsType says whether a user type exists in the twin: all but the row types of what the twin lacks, and their arrays.
func (tw *twin) showsType(t *catalog.Type) bool {
	if t.Elem != 0 && t.Category == 'A' {
		elem, ok := tw.snapshot.Types[t.Elem]
		return ok && tw.showsType(elem)
	}
	if t.Relation == 0 {
		return true
	}
	rel, ok := tw.snapshot.RelationByOID(t.Relation)
	return ok && (tw.tables[rel.OID] != nil || rel.Kind == 'c')
}

func arrayLiteral(oids []uint64, typ string) string {
	slices.Sort(oids)
	var b strings.Builder
	b.WriteString("'{")
	for i, oid := range oids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(oid, 10))
	}
	b.WriteString("}'::pg_catalog." + typ + "[]")
	return b.String()
}

// visible says whether every one of a relation's columns nums is in the twin.
func (tw *twin) visible(oid uint32, nums []int16) bool {
	e := tw.tables[oid]
	if e == nil {
		return false
	}
	for _, num := range nums {
		if num != 0 && !e.has(num) {
			return false
		}
	}
	return true
}
