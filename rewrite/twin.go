package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// twin is what an effective policy leaves of a catalog snapshot: which relations a masked session sees, with which
// columns, and the SQL that each column is read by. It is safe for concurrent use.
type twin struct {
	policy       *config.Database
	domains      map[string]config.Domain
	hides        bool // a relation of the twin hides the order of its rows
	hidesKeys    bool // for its identifiers, and not only for partitions and listed views
	snapshot     *catalog.Snapshot
	forms        forms
	tables       map[uint32]*exposed // user relations of the twin, by oid; what is absent here does not exist
	refusedViews map[uint32]bool     // views that the twin has and whose definition is not admitted
	foreign      map[uint32]bool     // tables that foreign tables are read with
	schemas      map[string]bool     // those of people's own in which something of the twin lies
	missing      []string            // what the policy lists and the database lacks
	// What belongs to the extensions that the policy lists, by oid, and which of these the database lacks.
	memberFunctions, memberOperators map[uint32]bool
	absentExtensions                 []string
	casts                            []*catalog.Cast   // of people's own, not allowed by the policy; see casts.go
	sets                             map[string]string // text of the set markers of package builtin, but for the search_path
	objects                          *objects          // what hangs on the tables
	calls                            sync.Map          // callKey -> callVerdict
	checked                          map[uint32]bool   // domains of people's own: whether their constraints call only what is reviewed
	operators                        sync.Map          // operator name -> *Error, nil where its operators are reviewed
	system                           sync.Map          // oid -> systemResult: relations of pg_catalog and information_schema, on first use
	trees                            *trees            // of what is read once more before it is sent; see reread_table.go
}

// forms renders treatments; golden tests abbreviate the ciphers.
type forms struct {
	pseudonym func(domain string, typ masking.Type, column string) (string, error)
	mask      func(m masking.Mask, typ masking.Type, column string) (string, error)
	unseal    func(domain string, typ masking.Type, expression string) (string, error)
	seed      func(domain string) string
}

var sqlForms = forms{
	pseudonym: masking.PseudonymSQL,
	mask:      func(m masking.Mask, typ masking.Type, column string) (string, error) { return m.SQL(typ, column) },
	unseal:    masking.UnsealSQL,
	seed:      masking.OrderSeedSQL,
}

// exposed is a relation of the twin.
type exposed struct {
	relation  *catalog.Relation
	columns   []exposedColumn
	source    string       // what is read in the relation's place, with alias r; empty: the relation itself
	filter    string       // predicate over the raw row; empty: every row
	filtered  bool         // rows are hidden here, or in what a view reads
	joins     bool         // by a condition that the planner may make a join of, or by one that is not known
	opaque    bool         // the row filter could raise with raw values in the message
	raises    bool         // a view of people's own whose expressions could raise or tell
	hides     bool         // the order of its rows must not show: it has identifiers of a domain with that order, partitions by what is hidden, or is a view that the policy lists
	hidesKeys bool         // of these the former
	scattered bool         // it has partitions by what is hidden, or is a view of such a table
	clock     string       // as of binder, of a view
	viewTexts              // of an inlined view
	sealed    viewTexts    // the same with raw identifiers
	located   map[int]bool // of an inlined view: as of environment
}

// exposedColumn is a column of the twin and how it is read from the raw relation.
type exposedColumn struct {
	name     string
	expr     string // over the raw relation under its own name; for a bare column its quoted name
	cast     string // the type's name, for NULL::type
	collate  string // collation, quoted and qualified; empty where the type has none
	typ      uint32
	origin   Origin
	seal     Seal   // of a pseudonym that may stay raw in a statement; zero where it may not
	bare     string // then: the raw column
	raw      Origin // where it comes from
	rawType  masking.Type
	gathered string // and its pseudonym where rows are gathered from partitions; see gather.go
	opaque   bool   // a `sql` mask or virtual column: it may raise, and its errors carry raw values
	filtered bool   // of an inlined view: derives from a filtered table
	reg      string // of a catalog: as of column
}

// newTwin applies a policy to a snapshot. Its error names the table and column whose treatment does not fit.
func newTwin(policy *config.Database, domains map[string]config.Domain, snapshot *catalog.Snapshot, f forms) (*twin, error) {
	tw := &twin{policy: policy, domains: domains, snapshot: snapshot, forms: f, tables: map[uint32]*exposed{}, schemas: map[string]bool{}, checked: map[uint32]bool{}, refusedViews: map[uint32]bool{}, foreign: map[uint32]bool{}, trees: newTrees()}
	tw.findForeign()
	tw.findMembers()
	var err error
	if tw.casts, err = tw.foreignCasts(); err != nil {
		return nil, err
	}
	tw.checkDomains()
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
			tw.hides, tw.hidesKeys = tw.hides || e.hides, tw.hidesKeys || e.hidesKeys
		}
	}
	tw.nameSchemas()
	tw.inlineViews()
	for _, e := range tw.tables {
		tw.schemas[e.relation.Schema] = true
	}
	tw.findObjects()
	for oid := range tw.objects.types {
		tw.schemas[snapshot.Types[oid].Schema] = true
	}
	for oid := range tw.objects.functions {
		if f, ok := snapshot.FunctionByOID(oid); ok {
			tw.schemas[f.Schema] = true
		}
	}
	tw.sets = tw.buildSets()
	return tw, nil
}

// nameSchemas notes the schemas that definitions of views may name before it is known which views there are: those of tables, and of functions that the policy lists.
func (tw *twin) nameSchemas() {
	for _, e := range tw.tables {
		tw.schemas[e.relation.Schema] = true
	}
	for _, f := range tw.listedFunctions() {
		tw.schemas[f.Schema] = true
	}
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
	if tw.policy.ShowTables && len(tw.missing) == 0 && (rel.Kind == 'r' || rel.Kind == 'p') && !tw.foreign[rel.OID] {
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
	if rule == nil || tw.nameless(rel) {
		return nil, nil
	}
	e := &exposed{relation: rel, scattered: tw.orderTells(rel, rule) || tw.viewTells(rel)}
	e.hides = e.scattered
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
		if treatment.Kind == config.Pseudonym && tw.hidesOrder(treatment.Domain) {
			e.hides, e.hidesKeys = true, true
		}
		if e.scattered && ec.seal != (Seal{}) {
			if ec.gathered, err = tw.forms.pseudonym(treatment.Domain, col.Type, "cordon_g."+quoteIdent(col.Name)); err != nil {
				return nil, fmt.Errorf("column %s: %w", col.Name, err)
			}
		}
		e.columns = append(e.columns, ec)
	}
	if rule.Rows != "" {
		filter, mayRaise, err := qualifyFilter(tw.snapshot, rel, rule.Rows)
		if err != nil {
			return nil, fmt.Errorf("row filter: %w", err)
		}
		e.filter, e.filtered, e.joins, e.opaque = filter, true, readsRows(filter), mayRaise
	}
	if rel.Kind == 'v' || rel.Kind == 'm' { // its rows come as those of the tables that it reads, whether it has their identifiers or not
		for domain := range tw.domains {
			e.hides = e.hides || tw.hidesOrder(domain)
		}
	}
	if rel.Kind == 'v' && !rel.SecurityBarrier { // the server makes one query of it and of what reads it
		e.filtered, e.joins = true, true
	}
	return e, nil
}

// hidesOrder says that the order of a domain's identifiers must not show.
func (tw *twin) hidesOrder(domain string) bool { return tw.domains[domain].Order != config.OrderShow }

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

// showsOrigin is the second wall: from policy and catalog alone, may a bare column of this origin leave, sealed like this?
func (tw *twin) showsOrigin(table uint32, num int16, seal Seal) bool {
	if table < catalog.FirstUserOID {
		return seal == Seal{} && tw.showsSystemOrigin(table, num)
	}
	rel, ok := tw.snapshot.RelationByOID(table)
	if !ok {
		return false
	}
	rule := tw.tableRule(rel)
	if rule == nil || tw.nameless(rel) { // rows of a nameless partition leave as the parent's
		return false
	}
	for i := range rel.Columns {
		if rel.Columns[i].Num != num {
			continue
		}
		switch t := tw.treatment(rel, rule, &rel.Columns[i]); t.Kind {
		case config.Show:
			return seal == Seal{}
		case config.Pseudonym:
			return seal == sealOf(t.Domain, rel.Columns[i].Type)
		}
	}
	return false
}
