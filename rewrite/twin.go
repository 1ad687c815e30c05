package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// twin is what an effective policy leaves of a catalog snapshot: which relations a masked session sees, with which
// columns, and the SQL that each column is read by. It is safe for concurrent use.
type twin struct {
	policy   *config.Database
	snapshot *catalog.Snapshot
	forms    forms
	tables   map[uint32]*exposed // user relations of the twin, by oid; what is absent here does not exist
	schemas  map[string]bool     // those of people's own in which something of the twin lies
	missing  []string            // what the policy lists and the database lacks
	casts    []*catalog.Cast     // of people's own, not allowed by the policy; see casts.go
	sets     map[string]string   // text of the set markers of package builtin, but for the search_path
	calls    sync.Map            // callKey -> callVerdict
	system   sync.Map            // oid -> systemResult: relations of pg_catalog and information_schema, on first use
}

// forms renders treatments; golden tests abbreviate the ciphers.
type forms struct {
	pseudonym func(domain string, typ masking.Type, column string) (string, error)
	mask      func(m masking.Mask, typ masking.Type, column string) (string, error)
}

var sqlForms = forms{
	pseudonym: masking.PseudonymSQL,
	mask:      func(m masking.Mask, typ masking.Type, column string) (string, error) { return m.SQL(typ, column) },
}

// exposed is a relation of the twin.
type exposed struct {
	relation *catalog.Relation
	columns  []exposedColumn
	source   string // what is read in the relation's place, with alias r; empty: the relation itself
	filter   string // predicate over the raw row; empty: every row
	filtered bool   // rows are hidden here, or in what a view reads
	opaque   bool   // the row filter could raise with raw values in the message
	raises   bool   // a view of people's own whose expressions could raise or tell
	// flat and fenced are the query of an inlined view, with its filtered tables flattenable and fenced; empty for a table.
	flat, fenced string
}

// exposedColumn is a column of the twin and how it is read from the raw relation.
type exposedColumn struct {
	name     string
	expr     string // over the raw relation under its own name; for a bare column its quoted name
	cast     string // the type's name, for NULL::type
	collate  string // collation, quoted and qualified; empty where the type has none
	typ      uint32
	label    label
	origin   Origin
	opaque   bool // a `sql` mask: its errors may carry raw values
	filtered bool // of an inlined view: derives from a filtered table
}

// newTwin applies a policy to a snapshot. Its error names the table and column whose treatment does not fit.
func newTwin(policy *config.Database, snapshot *catalog.Snapshot, f forms) (*twin, error) {
	tw := &twin{policy: policy, snapshot: snapshot, forms: f, tables: map[uint32]*exposed{}, schemas: map[string]bool{}}
	var err error
	if tw.casts, err = tw.foreignCasts(); err != nil {
		return nil, err
	}
	tw.findMissing()
	if err := tw.checkInheritance(); err != nil {
		return nil, err
	}
	for _, rel := range snapshot.Relations() {
		if rel.OID < catalog.FirstUserOID {
			continue
		}
		e, err := tw.expose(rel)
		if err != nil {
			return nil, fmt.Errorf("table %s.%s: %w", rel.Schema, rel.Name, err)
		}
		if e != nil {
			tw.tables[rel.OID] = e
		}
	}
	tw.inlineViews()
	for _, e := range tw.tables {
		tw.schemas[e.relation.Schema] = true
	}
	tw.sets = tw.buildSets()
	return tw, nil
}

// schema finds a schema of the twin: the server's own, and those where something of the twin lies, as in the substituted pg_namespace.
func (tw *twin) schema(name string) (*catalog.Schema, bool) {
	s, ok := tw.snapshot.Schemas[name]
	return s, ok && (s.OID < catalog.FirstUserOID || tw.schemas[name])
}

// findMissing looks for what the policy lists and the database lacks: it may have been renamed. While anything is missing, nothing that
// the policy does not list is shown, since it could be the missing table or column under another name.
func (tw *twin) findMissing() {
	if !tw.policy.ShowTables && !tw.policy.ShowColumns {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(tw.policy.Tables)) {
		rule := tw.policy.Tables[key]
		rel, ok := tw.snapshot.Relation(rule.Schema, rule.Name)
		if !ok {
			tw.missing = append(tw.missing, "table "+key)
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(rule.Columns)) {
			if _, ok := rel.Column(name); !ok {
				tw.missing = append(tw.missing, "column "+key+"."+name)
			}
		}
	}
}

// tableRule is the policy of a relation: its own entry, or that of its nearest listed parents. Nil: absent from the twin.
func (tw *twin) tableRule(rel *catalog.Relation) *config.Table {
	if t := tw.listed(rel); t != nil {
		if t.Deny {
			return nil
		}
		return t
	}
	if tw.policy.ShowTables && len(tw.missing) == 0 && (rel.Kind == 'r' || rel.Kind == 'p') {
		return &config.Table{Schema: rel.Schema, Name: rel.Name}
	}
	return nil
}

func (tw *twin) listed(rel *catalog.Relation) *config.Table {
	if t := tw.policy.Tables[rel.Schema+"."+rel.Name]; t != nil {
		return t
	}
	for _, oid := range rel.Parents {
		parent, ok := tw.snapshot.RelationByOID(oid)
		if !ok {
			continue
		}
		if t := tw.listed(parent); t != nil {
			return t
		}
	}
	return nil
}

// expose applies the policy to one table, or to a view or foreign table that the policy lists.
func (tw *twin) expose(rel *catalog.Relation) (*exposed, error) {
	if !strings.ContainsRune("rpvmf", rune(rel.Kind)) {
		return nil, nil
	}
	rule := tw.tableRule(rel)
	if rule == nil {
		return nil, nil
	}
	e := &exposed{relation: rel}
	for i := range rel.Columns {
		col := &rel.Columns[i]
		treatment := tw.treatment(rel, rule, col)
		if treatment.Kind == config.Hide {
			continue
		}
		ec, err := tw.exposeColumn(rel, col, treatment)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", col.Name, err)
		}
		e.columns = append(e.columns, ec)
	}
	if rule.Rows != "" {
		filter, mayRaise, err := qualifyFilter(tw.snapshot, rel, rule.Rows)
		if err != nil {
			return nil, fmt.Errorf("row filter: %w", err)
		}
		e.filter, e.filtered, e.opaque = filter, true, mayRaise
	}
	return e, nil
}

// treatment is what the policy does to a column. A generated column is no better than what it reads, and a column of a
// type that names catalog objects is not shown at all.
func (tw *twin) treatment(rel *catalog.Relation, rule *config.Table, col *catalog.Column) config.Treatment {
	t, ok := rule.Columns[col.Name]
	switch {
	case ok && t.Kind == config.Null:
		return t
	case tw.namesObjects(col.Type.OID, 0), tw.castsUnseen(col.Type.OID):
		return config.Treatment{Kind: config.Hide}
	case ok:
		return t
	case !tw.policy.ShowColumns, len(tw.missing) > 0:
		return config.Treatment{Kind: config.Hide}
	}
	for _, num := range col.Reads {
		for i := range rel.Columns {
			source := &rel.Columns[i]
			if col.Generated && source.Num == num && source.Num != col.Num && tw.treatment(rel, rule, source).Kind != config.Show {
				return config.Treatment{Kind: config.Hide}
			}
		}
	}
	return config.Treatment{Kind: config.Show}
}

// namesObjects says whether a type is, contains or is a domain over reg* or the row type of a relation (pitfall C7).
func (tw *twin) namesObjects(oid uint32, depth int) bool {
	t, ok := tw.snapshot.Types[oid]
	if !ok || depth > 8 {
		return true
	}
	switch {
	case oid < catalog.FirstUserOID && builtin.RegType(t.Name):
		return true
	case t.Kind == 'c':
		return true
	case t.Kind == 'd' && t.Base != 0:
		return tw.namesObjects(t.Base, depth+1)
	case t.Elem != 0 && t.Category == 'A':
		return tw.namesObjects(t.Elem, depth+1)
	}
	return false
}

func (tw *twin) exposeColumn(rel *catalog.Relation, col *catalog.Column, t config.Treatment) (exposedColumn, error) {
	ref := quoteIdent(rel.Name) + "." + quoteIdent(col.Name)
	ec := exposedColumn{name: col.Name, expr: ref, cast: col.Type.Name, collate: col.Type.Collation, typ: col.Type.OID}
	var err error
	switch t.Kind {
	case config.Show:
		ec.origin = Origin{Table: rel.OID, Column: col.Num}
	case config.Null:
		ec.expr = masking.NullSQL(col.Type)
	case config.Mask:
		mask := t.Mask
		if mask.Kind == masking.MaskSQL {
			ec.opaque = true
			if mask.Expression, err = ofRowAlone(tw.snapshot, rel, mask.Expression); err != nil {
				return ec, err
			}
		}
		ec.expr, err = tw.forms.mask(mask, col.Type, ref)
	case config.Pseudonym:
		ec.expr, err = tw.forms.pseudonym(t.Domain, col.Type, ref)
		ec.label = label{domain: t.Domain}
		ec.cast = pseudonymType(col.Type)
	default:
		err = fmt.Errorf("unknown treatment %q", t.Kind)
	}
	return ec, err
}

// ofRowAlone is the text of a `sql` mask, qualified and proved to be a function of the row. COALESCE keeps a bare column in it from being
// announced as the origin of the value.
func ofRowAlone(snapshot *catalog.Snapshot, rel *catalog.Relation, expression string) (string, error) {
	text, _, err := qualifyFilter(snapshot, rel, expression)
	if err != nil {
		return "", fmt.Errorf("sql mask: %w", err)
	}
	return "COALESCE(" + text + ")", nil
}

// pseudonymType is the twin's type of a pseudonymised column: a varchar(n) has no length there.
func pseudonymType(t masking.Type) string {
	name, _, _ := strings.Cut(t.Name, "(")
	return name
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

func (e *exposed) has(num int16) bool {
	for i := range e.relation.Columns {
		if e.relation.Columns[i].Num == num {
			return e.column(e.relation.Columns[i].Name) != nil
		}
	}
	return false
}

func (e *exposed) column(name string) *exposedColumn {
	for i := range e.columns {
		if e.columns[i].name == name {
			return &e.columns[i]
		}
	}
	return nil
}

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

// showsOrigin is the second wall: from policy and catalog alone, may a bare column of this origin leave?
func (tw *twin) showsOrigin(table uint32, num int16) bool {
	if table < catalog.FirstUserOID {
		return tw.showsSystemOrigin(table, num)
	}
	rel, ok := tw.snapshot.RelationByOID(table)
	if !ok {
		return false
	}
	rule := tw.tableRule(rel)
	if rule == nil {
		return false
	}
	for i := range rel.Columns {
		if rel.Columns[i].Num == num {
			return tw.treatment(rel, rule, &rel.Columns[i]).Kind == config.Show
		}
	}
	return false
}
