package rewrite

import (
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// objects are the things in the twin that hang on its tables, as the substituted catalogs list them, and what may be read of their definitions.
//
// A definition is shown where the twin has all that it names, and where its expressions read only columns that are shown as they are: a
// constant over a masked column or a pseudonym could be a value that the twin lacks. What a treated value need not obey, a CHECK, a unique
// index of a masked column, a foreign key between values treated otherwise, is not declared in the twin.
type objects struct {
	relations   map[uint32]bool // indexes and sequences: of pg_class, but not for FROM
	attributes  map[uint64]bool // the columns of tables and views
	constraints map[uint32]bool
	types       map[uint32]bool
	statistics  map[uint32]bool
	triggers    map[uint32]bool
	functions   map[uint32]bool // of people's own, those that the policy lists
	views       map[uint32]bool // those that are inlined, and materialized ones that read only what the twin has
	partitioned map[uint32]bool // tables of which the partition key is shown
	defaults    map[uint64]bool // columns whose default or generation expression is shown
	treated     map[uint64]bool // columns that are not shown as they are: without identity, options, generation
	pseudonyms  map[uint64]bool // without a length
	loose       map[uint64]bool // may be NULL, whatever the catalog says
	unchecked   map[uint32]bool // domains of which nothing that is declared is shown
	texts       map[textKey]shownText
}

type textKey struct {
	kind catalog.DefinitionKind
	oid  uint32
	sub  int16
}

// shownText is a definition with many and with few parentheses.
type shownText struct{ plain, pretty describedText }

func attributeKey(rel uint32, num int16) uint64 { return uint64(rel)<<16 + uint64(uint16(num)) }

// findObjects judges every object of the snapshot, once tables and views of the twin are known.
func (tw *twin) findObjects() {
	o := &objects{relations: map[uint32]bool{}, attributes: map[uint64]bool{}, constraints: map[uint32]bool{}, types: map[uint32]bool{}, statistics: map[uint32]bool{}, triggers: map[uint32]bool{},
		functions: map[uint32]bool{}, views: map[uint32]bool{}, partitioned: map[uint32]bool{}, defaults: map[uint64]bool{}, treated: map[uint64]bool{}, pseudonyms: map[uint64]bool{}, loose: map[uint64]bool{}, unchecked: map[uint32]bool{},
		texts: map[textKey]shownText{}}
	tw.objects = o
	for _, t := range tw.snapshot.Types {
		if t.OID >= catalog.FirstUserOID && tw.showsType(t) {
			o.types[t.OID] = true
		}
	}
	tw.findFunctions()
	for _, rel := range tw.snapshot.Relations() {
		tw.findColumns(rel)
		if rel.OID >= catalog.FirstUserOID && rel.Kind == 'S' && tw.plainly(rel.Owner, []int16{rel.OwnerColumn}) {
			o.relations[rel.OID] = true
		}
	}
	for oid := range o.views {
		tw.findLengths(tw.tables[oid])
	}
	tw.findTexts()
	for _, rel := range tw.snapshot.Relations() {
		if tw.tables[rel.OID] != nil {
			tw.findHangers(rel)
		}
	}
	tw.forgetTexts()
}

// findFunctions notes what the policy lists, and the constructors of range types, which come with the type.
func (tw *twin) findFunctions() {
	for oid := range tw.objects.types {
		t := tw.snapshot.Types[oid]
		for _, f := range tw.snapshot.Functions(t.Schema, t.Name) {
			if (t.Kind == 'r' || t.Kind == 'm') && f.OID >= catalog.FirstUserOID && f.Result == t.OID && f.Internal {
				tw.objects.functions[f.OID] = true
			}
		}
	}
	for _, f := range tw.listedFunctions() {
		tw.objects.functions[f.OID] = true
	}
}

// listedFunctions are those that the policy lists, by their names or as members of an extension.
func (tw *twin) listedFunctions() (listed []*catalog.Function) {
	for _, name := range tw.policy.Functions {
		schema, base, _ := strings.Cut(name, ".")
		for _, f := range tw.snapshot.Functions(schema, base) {
			if f.OID >= catalog.FirstUserOID {
				listed = append(listed, f)
			}
		}
	}
	for oid, is := range tw.memberFunctions {
		if f, ok := tw.snapshot.FunctionByOID(oid); ok && is && f.Schema != "pg_catalog" {
			listed = append(listed, f)
		}
	}
	return listed
}

// findColumns notes the columns of a table or view, and how the twin's differ from what the catalog says.
func (tw *twin) findColumns(rel *catalog.Relation) {
	e := tw.tables[rel.OID]
	if e == nil {
		return
	}
	o := tw.objects
	if e.flat != "" {
		o.views[rel.OID] = true
	}
	rule := tw.tableRule(rel)
	for i := range rel.Columns {
		c := &rel.Columns[i]
		key := attributeKey(rel.OID, c.Num)
		if !e.has(c.Num) {
			continue
		}
		o.attributes[key] = true
		if e.flat != "" || rule == nil {
			continue
		}
		switch t := tw.treatment(rel, rule, c); {
		case t.Kind == config.Null, t.Kind == config.Mask && t.Mask.Kind == masking.MaskSQL:
			o.loose[key], o.treated[key] = true, true
		case t.Kind == config.Pseudonym:
			o.pseudonyms[key], o.treated[key] = true, true
		case t.Kind != config.Show, c.Generated && !tw.plainly(rel.OID, c.Reads):
			o.treated[key] = true
		}
	}
}

// findLengths notes the columns of a view that are pseudonyms, which are as long as they are.
func (tw *twin) findLengths(e *exposed) {
	long := func(c catalog.Column) bool { return c.Type.Mod >= 0 }
	if !slices.ContainsFunc(e.relation.Columns, long) || e.relation.OID < catalog.FirstUserOID {
		return
	}
	tree, err := pg.Parse(e.relation.View)
	if err != nil {
		return
	}
	v := newViewNames(tw, func(t *exposed, c *exposedColumn) bool {
		found, ok := t.relation.Column(c.name)
		return ok && tw.objects.pseudonyms[attributeKey(t.relation.OID, found.Num)]
	})
	v.tables(tree.Stmts[0].Stmt)
	v.learn(tree.Stmts[0].Stmt)
	for _, c := range e.relation.Columns {
		if long(c) && v.treated[c.Name] {
			tw.objects.pseudonyms[attributeKey(e.relation.OID, c.Num)] = true
		}
	}
}

// plainly says that the twin shows all of a table's columns nums as they are.
func (tw *twin) plainly(oid uint32, nums []int16) bool {
	e := tw.tables[oid]
	if e == nil {
		return false
	}
	for _, num := range nums {
		if c, ok := e.relation.ColumnByNum(num); !ok || !e.plain(c.Name) {
			return false
		}
	}
	return true
}

// findHangers judges what hangs on a table: constraints, indexes, statistics, triggers, partition key.
func (tw *twin) findHangers(rel *catalog.Relation) {
	o := tw.objects
	without := map[uint32]bool{} // indexes of constraints that the twin lacks
	for i := range rel.Constraints {
		c := &rel.Constraints[i]
		if o.constraints[c.OID] = tw.showsConstraint(rel, c); !o.constraints[c.OID] {
			delete(o.constraints, c.OID)
			without[c.Index] = true
		}
	}
	for i := range rel.Indexes {
		x := &rel.Indexes[i]
		if tw.visible(rel.OID, x.Reads) && tw.plainly(rel.OID, x.Computed) && !without[x.OID] && (!x.Unique || tw.unmasked(rel, x.Reads)) && o.texts[textKey{catalog.IndexText, x.OID, 0}].plain.text != "" {
			o.relations[x.OID] = true
		}
	}
	for i := range rel.Statistics {
		x := &rel.Statistics[i]
		if tw.visible(rel.OID, x.Reads) && tw.plainly(rel.OID, x.Computed) && o.texts[textKey{catalog.StatisticsText, x.OID, 0}].plain.text != "" {
			o.statistics[x.OID] = true
		}
	}
	for i := range rel.Triggers {
		t := &rel.Triggers[i]
		if tw.visible(rel.OID, t.Columns) && !t.Arguments && (t.Function < catalog.FirstUserOID || o.functions[t.Function]) && o.texts[textKey{catalog.TriggerText, t.OID, 0}].plain.text != "" {
			o.triggers[t.OID] = true
		}
	}
	if rel.Kind == 'm' && tw.bindsStored(rel) {
		o.views[rel.OID] = true
	}
	if len(rel.PartitionKey)+len(rel.PartitionReads) > 0 && tw.visible(rel.OID, rel.PartitionKey) && tw.plainly(rel.OID, rel.PartitionReads) {
		o.partitioned[rel.OID] = true
	}
}

// showsConstraint says that a constraint holds in the twin, and that its text is the twin's.
func (tw *twin) showsConstraint(rel *catalog.Relation, c *catalog.Constraint) bool {
	if !tw.visible(rel.OID, c.Reads) || tw.objects.texts[textKey{catalog.ConstraintText, c.OID, 0}].plain.text == "" {
		return false
	}
	switch c.Kind {
	case 'c', 'x':
		return tw.plainly(rel.OID, c.Reads)
	case 'p', 'u':
		return tw.unmasked(rel, c.Key)
	case 'f':
		return tw.visible(c.Foreign, c.ForeignColumns) && tw.agree(rel, c)
	case 'n':
		return !slices.ContainsFunc(c.Key, func(num int16) bool { return tw.objects.loose[attributeKey(rel.OID, num)] })
	}
	return false
}

// unmasked says that different values of the columns stay different.
func (tw *twin) unmasked(rel *catalog.Relation, nums []int16) bool {
	return !slices.ContainsFunc(nums, func(num int16) bool {
		key := attributeKey(rel.OID, num)
		return tw.objects.treated[key] && !tw.objects.pseudonyms[key]
	})
}

// agree says that both sides of a foreign key are treated alike: shown, or pseudonyms of one domain.
func (tw *twin) agree(rel *catalog.Relation, c *catalog.Constraint) bool {
	foreign, ok := tw.snapshot.RelationByOID(c.Foreign)
	if !ok || len(c.Key) != len(c.ForeignColumns) {
		return false
	}
	for i := range c.Key {
		l, r := tw.treatmentOf(rel, c.Key[i]), tw.treatmentOf(foreign, c.ForeignColumns[i])
		if l.Kind != r.Kind || l.Kind != config.Show && (l.Kind != config.Pseudonym || l.Domain != r.Domain) {
			return false
		}
	}
	return true
}

func (tw *twin) treatmentOf(rel *catalog.Relation, num int16) config.Treatment {
	rule := tw.tableRule(rel)
	c, ok := rel.ColumnByNum(num)
	if rule == nil || !ok {
		return config.Treatment{Kind: config.Hide}
	}
	return tw.treatment(rel, rule, c)
}

// findTexts describes the definitions whose expressions read only what is shown as it is.
func (tw *twin) findTexts() {
	domains := tw.hiddenTypes()
	for oid := range domains {
		if t := tw.snapshot.Types[oid]; t.Kind == 'd' && oid >= catalog.FirstUserOID {
			tw.objects.unchecked[oid] = true
		}
	}
	for _, d := range tw.snapshot.Definitions {
		rel := tw.tables[d.Relation]
		var shown bool
		switch d.Kind {
		case catalog.ViewText:
			shown = rel != nil && tw.showsView(rel, d)
		case catalog.ArgumentsText, catalog.IdentityText, catalog.ResultText:
			shown = tw.objects.functions[d.OID]
		case catalog.DomainText:
			shown = !domains[d.Type] && tw.objects.types[d.Type]
		case catalog.BoundText, catalog.PartitionText:
			shown = rel != nil && tw.plainParents(rel.relation)
		case catalog.DefaultText:
			shown = rel != nil && tw.plainly(d.Relation, []int16{d.Sub}) && tw.plainly(d.Relation, d.Reads)
		case catalog.TriggerText:
			shown = rel != nil && tw.visible(d.Relation, d.Reads)
		case catalog.RowFilterText:
		case catalog.ConstraintText:
			shown = rel != nil && tw.plainly(d.Relation, d.Reads) || d.Relation == 0 && !domains[d.Type] && tw.objects.types[d.Type]
		default:
			shown = rel != nil && tw.plainly(d.Relation, d.Reads)
		}
		if !shown {
			continue
		}
		plain, ok := tw.describe(d, rel, false)
		pretty, okToo := tw.describe(d, rel, true)
		if !ok || !okToo {
			continue
		}
		tw.objects.texts[textKey{d.Kind, d.OID, d.Sub}] = shownText{plain, pretty}
		switch {
		case d.Kind == catalog.DefaultText:
			tw.objects.defaults[attributeKey(d.OID, d.Sub)] = true
		case d.Kind == catalog.ConstraintText && d.Relation == 0:
			tw.objects.constraints[d.OID] = true
		}
	}
}

// forgetTexts drops the texts of objects that the twin lacks for another reason.
func (tw *twin) forgetTexts() {
	o := tw.objects
	for key := range o.texts {
		shown := true
		switch key.kind {
		case catalog.ConstraintText, catalog.CheckText:
			shown = o.constraints[key.oid]
		case catalog.IndexText, catalog.IndexKeyText, catalog.PredicateText:
			shown = o.relations[key.oid]
		case catalog.StatisticsText, catalog.StatColumnText:
			shown = o.statistics[key.oid]
		case catalog.TriggerText:
			shown = o.triggers[key.oid]
		case catalog.PartKeyText:
			shown = o.partitioned[key.oid]
		}
		if !shown {
			delete(o.texts, key)
		}
	}
}

// plainParents says that every column by which a partition and those above it are chosen is shown as it is.
func (tw *twin) plainParents(rel *catalog.Relation) bool {
	for _, oid := range rel.Parents {
		parent, ok := tw.snapshot.RelationByOID(oid)
		if !ok || !tw.plainly(oid, parent.PartitionKey) || !tw.plainly(oid, parent.PartitionReads) || !tw.plainParents(parent) {
			return false
		}
	}
	return true
}

// hiddenTypes are those of which some column is not shown as it is, with all that they are made of: what is declared of the type is declared of
// values that the twin lacks.
func (tw *twin) hiddenTypes() map[uint32]bool {
	hidden := map[uint32]bool{}
	var add func(oid uint32)
	add = func(oid uint32) {
		t, ok := tw.snapshot.Types[oid]
		if !ok || hidden[oid] {
			return
		}
		hidden[oid] = true
		add(t.Base)
		add(t.Elem)
		if rel, ok := tw.snapshot.RelationByOID(t.Relation); ok {
			for i := range rel.Columns {
				add(rel.Columns[i].Type.OID)
			}
		}
	}
	for _, rel := range tw.snapshot.Relations() {
		if rel.OID < catalog.FirstUserOID || rel.Kind == 'v' && tw.listed(rel) == nil || rel.Kind == 'c' || rel.Kind == 'i' || rel.Kind == 'I' || rel.Kind == 'S' {
			continue
		}
		nameless := tw.nameless(rel)
		for i := range rel.Columns {
			num := rel.Columns[i].Num
			if !tw.plainly(rel.OID, []int16{num}) && !(nameless && tw.treatmentOf(rel, num).Kind == config.Show) { // its rows are in the twin
				add(rel.Columns[i].Type.OID)
			}
		}
	}
	return hidden
}
