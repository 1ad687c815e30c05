package rewrite

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// buildSets renders the set markers. Lists are of what the twin has, so what appears after the snapshot is not listed.
func (tw *twin) buildSets() map[string]string {
	o := tw.objects
	relations := map[uint32]bool{}
	for oid := range tw.tables {
		relations[oid] = true
	}
	for _, rel := range tw.snapshot.Relations() {
		if t := tw.snapshot.Types[rel.Type]; rel.Kind == 'c' && rel.OID >= catalog.FirstUserOID && t != nil && tw.admitsType(t.OID) {
			relations[rel.OID] = true
			for i := range rel.Columns {
				o.attributes[uint64(rel.OID)<<16+uint64(rel.Columns[i].Num)] = true
			}
		}
	}
	maps.Copy(relations, o.relations)
	schemas := map[uint32]bool{}
	for name := range tw.schemas {
		if s, ok := tw.snapshot.Schemas[name]; ok {
			schemas[s.OID] = true
		}
	}
	return map[string]string{
		builtin.MarkRelations: arrayLiteral(relations, "oid"), builtin.MarkHollow: arrayLiteral(o.relations, "oid"), builtin.MarkTypes: arrayLiteral(o.types, "oid"),
		builtin.MarkConstraints: arrayLiteral(o.constraints, "oid"), builtin.MarkStatistics: arrayLiteral(o.statistics, "oid"), builtin.MarkTriggers: arrayLiteral(o.triggers, "oid"),
		builtin.MarkFunctions: arrayLiteral(o.functions, "oid"), builtin.MarkViews: arrayLiteral(o.views, "oid"), builtin.MarkPartitioned: arrayLiteral(o.partitioned, "oid"),
		builtin.MarkAttributes: arrayLiteral(o.attributes, "int8"), builtin.MarkDefaults: arrayLiteral(o.defaults, "int8"), builtin.MarkTreated: arrayLiteral(o.treated, "int8"),
		builtin.MarkPseudonyms: arrayLiteral(o.pseudonyms, "int8"), builtin.MarkSchemas: arrayLiteral(schemas, "oid"), builtin.MarkLoose: arrayLiteral(o.loose, "int8"),
		builtin.MarkUnchecked: arrayLiteral(o.unchecked, "oid"),
	}
}

// textKeys say by which marker and letter a kind of definition is found.
var textKeys = map[catalog.DefinitionKind]struct{ mark, letter string }{
	catalog.DefaultText: {builtin.MarkExpressions, "d"}, catalog.CheckText: {builtin.MarkExpressions, "c"}, catalog.IndexKeyText: {builtin.MarkExpressions, "x"}, catalog.PredicateText: {builtin.MarkExpressions, "w"},
	catalog.BoundText: {builtin.MarkExpressions, "b"}, catalog.DomainText: {builtin.MarkExpressions, "t"},
	catalog.ConstraintText: {builtin.MarkConstraintTexts, ""}, catalog.IndexText: {builtin.MarkIndexTexts, ""}, catalog.ViewText: {builtin.MarkViewTexts, ""},
	catalog.ArgumentsText: {builtin.MarkRoutineTexts, "a"}, catalog.IdentityText: {builtin.MarkRoutineTexts, "i"}, catalog.ResultText: {builtin.MarkRoutineTexts, "r"},
	catalog.PartKeyText: {builtin.MarkOtherTexts, "k"}, catalog.PartitionText: {builtin.MarkOtherTexts, "q"}, catalog.StatisticsText: {builtin.MarkOtherTexts, "s"},
	catalog.StatColumnText: {builtin.MarkOtherTexts, "t"}, catalog.TriggerText: {builtin.MarkOtherTexts, "g"},
}

// texts is the jsonb literal of a marker of texts, as a search_path shortens names.
func (tw *twin) texts(mark string, path []string) string {
	object := map[string]string{}
	for key, text := range tw.objects.texts {
		k := textKeys[key.kind]
		if k.mark != mark {
			continue
		}
		name := k.letter + strconv.FormatUint(uint64(key.oid), 10)
		if key.sub != 0 {
			name += "." + strconv.Itoa(int(key.sub))
		}
		object[name] = text.plain.under(tw, path)
		if pretty := text.pretty.under(tw, path); pretty != object[name] {
			object["p"+name] = pretty
		}
	}
	encoded, err := json.Marshal(object) // of strings; keys sorted, so that the text is the same every time
	if err != nil {
		return "'{}'::pg_catalog.jsonb"
	}
	return quoteLiteral(string(encoded)) + "::pg_catalog.jsonb"
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

func arrayLiteral[T uint32 | uint64](set map[T]bool, typ string) string {
	var b strings.Builder
	b.WriteString("'{")
	for _, oid := range slices.Sorted(maps.Keys(set)) {
		if !set[oid] {
			continue
		}
		if b.Len() > 2 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatUint(uint64(oid), 10))
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
