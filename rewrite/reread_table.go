package rewrite

import (
	"slices"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// trees are the parsed forms of a twin: of treatments, filters and ciphers; and of the substitutions that statements had last.
type trees struct {
	exprs   sync.Map // text -> *pg.Node
	queries *lru.Cache[string, *pg.SelectStmt]
	once    sync.Once
	forms   []cipherForm
}

// cipherForm is the SQL form of a cipher, or its inverse, over placedValue.
type cipherForm struct {
	seal    Seal
	inverse bool
	tree    *pg.Node
}

// tree is the tree of an expression; nil if it is none.
func (t *trees) tree(text string) *pg.Node {
	if known, ok := t.exprs.Load(text); ok {
		return known.(*pg.Node)
	}
	var tree *pg.Node
	if parsed, err := pg.Parse("SELECT " + text); err == nil && len(parsed.Stmts) == 1 {
		if targets := parsed.Stmts[0].Stmt.GetSelectStmt().GetTargetList(); len(targets) == 1 {
			tree = targets[0].GetResTarget().GetVal()
		}
	}
	t.exprs.Store(text, tree)
	return tree
}

// mostQueries bounds the substitutions that are kept parsed, of at most maxKeptQuery bytes each.
const mostQueries, maxKeptQuery = 1000, 4 << 10

func newTrees() *trees {
	queries, err := lru.New[string, *pg.SelectStmt](mostQueries)
	if err != nil { // of a size that is none
		panic(err)
	}
	return &trees{queries: queries}
}

// query is the tree of a query in parentheses; nil if it is none. Nobody changes it.
func (t *trees) query(text string) *pg.SelectStmt {
	if known, ok := t.queries.Get(text); ok {
		return known
	}
	parsed, err := pg.Parse(text)
	if err != nil || len(parsed.Stmts) != 1 {
		return nil
	}
	sel := parsed.Stmts[0].Stmt.GetSelectStmt()
	if len(text) <= maxKeptQuery {
		t.queries.Add(text, sel)
	}
	return sel
}

// cipherForms are those of every identifier of the twin.
func (tw *twin) cipherForms() []cipherForm {
	tw.trees.once.Do(func() {
		seen := map[Seal]map[masking.Type]bool{}
		for _, e := range tw.tables {
			for i := range e.columns {
				c := &e.columns[i]
				if c.seal == (Seal{}) || seen[c.seal][c.rawType] {
					continue
				}
				if seen[c.seal] == nil {
					seen[c.seal] = map[masking.Type]bool{}
				}
				seen[c.seal][c.rawType] = true
				tw.addForms(c.seal, c.rawType)
			}
		}
	})
	return tw.trees.forms
}

func (tw *twin) addForms(seal Seal, typ masking.Type) {
	add := func(seal Seal, inverse bool, text string, err error) {
		if tree := tw.trees.tree(text); err == nil && tree != nil {
			tw.trees.forms = append(tw.trees.forms, cipherForm{seal, inverse, tree})
		}
	}
	text, err := tw.forms.pseudonym(seal.Domain, typ, placedValue)
	add(seal, false, text, err)
	inverse := unsealedForm{domain: seal.Domain, typ: typ}
	text, err = inverse.text(tw.forms)
	add(seal, true, text, err)
	inverse.array, seal.Array = true, true
	text, err = inverse.text(tw.forms)
	add(seal, true, text, err)
}

// over is the reference that a form is applied to in an expression; nil if the expression is another.
func (f cipherForm) over(n *pg.Node) (over *pg.ColumnRef) {
	differs := false // from one place to another
	same := comparison(func(placed, ref *pg.ColumnRef) bool {
		if len(placed.Fields) != 2 || placed.Fields[0].GetString_().GetSval() != "cordon_v" {
			return false
		}
		if over == nil {
			over = ref
		}
		differs = differs || dottedName(ref) != dottedName(over)
		return true
	})
	if !same.same(f.tree, n) || differs {
		return nil
	}
	return over
}

func dottedName(ref *pg.ColumnRef) string {
	parts, _ := splitName(ref.GetFields())
	return strings.Join(parts, "\x00")
}

// form reads an expression that is a cipher's SQL form.
func (r *reader) form(n *pg.Node, sc *readScope) (content, bool) {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		name := lastString(x.ColumnRef.Fields)
		m, ok := r.marks[name]
		if !ok || len(x.ColumnRef.Fields) != 1 {
			return content{}, false
		}
		if strings.HasPrefix(name, seedMark) {
			return r.fail("a key where it must not stand"), true
		}
		if m.form.seal == (Seal{}) {
			return content{}, true
		}
		return r.applied(m.form, r.reference(placedReference, sc)), true
	case *pg.Node_AConst, *pg.Node_ParamRef:
		return content{}, false
	}
	for _, f := range r.twin.cipherForms() {
		if ref := f.over(n); ref != nil {
			return r.applied(f, r.reference(ref, sc)), true
		}
	}
	return content{}, false
}

// placedReference is placedValue.
var placedReference = &pg.ColumnRef{Fields: nameNodes("cordon_v", "cordon_x")}

// applied is what a form gives: of an identifier, its pseudonym; an inverse, of anything else, an identifier.
func (r *reader) applied(f cipherForm, c content) content {
	switch {
	case f.inverse && c.guarded():
		return r.fail("%s is unsealed", c)
	case f.inverse:
		return content{seal: f.seal}
	case c.seal != f.seal && !c.null || c.key || c.row:
		return r.fail("the pseudonym of %s as of %s", c, content{seal: f.seal})
	}
	return content{}
}

// orderHashes are the functions that hash identifiers, and arrays of them.
var orderHashes = []string{"hash_array_extended", masking.OrderHash(oidInt4), masking.OrderHash(oidInt8), masking.OrderHash(oidUUID), masking.OrderHash(oidText)}

// orderKey reads the keyed hash of identifiers, by which rows are sorted where the order of identifiers is hidden.
func (r *reader) orderKey(x *pg.FuncCall, sc *readScope) (content, bool) {
	parts, _ := splitName(x.Funcname)
	if len(parts) != 2 || parts[0] != "pg_catalog" || len(x.Args) != 2 || !slices.Contains(orderHashes, parts[1]) {
		return content{}, false
	}
	for domain := range r.twin.domains {
		_, marked := r.marks[seedMark+domain]
		if marked && lastString(x.Args[1].GetColumnRef().GetFields()) != seedMark+domain || !marked && !sameTree(x.Args[1], r.twin.trees.tree(r.twin.forms.seed(domain))) {
			continue
		}
		value := x.Args[0]
		if collate := value.GetCollateClause(); collate != nil && lastString(collate.Collname) == "C" {
			value = collate.Arg
		}
		c := r.value(value, sc)
		if c.seal.Domain != domain && !c.null || c.key || c.row {
			return r.fail("a hash of %s by the key of %s", c, domain), true
		}
		return content{key: true}, true
	}
	return content{}, false
}

// substituted is the relation of people's own that a SELECT reads, if it reads that alone.
func (r *reader) substituted(sel *pg.SelectStmt) *exposed {
	if len(sel.FromClause) != 1 {
		return nil
	}
	rv := sel.FromClause[0].GetRangeVar()
	if rv.GetSchemaname() == "" {
		return nil
	}
	rel, ok := r.twin.snapshot.Relation(rv.Schemaname, rv.Relname)
	if !ok || rel.OID < catalog.FirstUserOID {
		return nil
	}
	return r.twin.tables[rel.OID]
}

// substitution reads the subquery that stands for a table: each column bare, where the policy shows it or it is an identifier, or treated as the policy says; of the rows that
// its filter leaves.
func (r *reader) substitution(sel *pg.SelectStmt, e *exposed) (columns []readColumn) {
	rel := e.relation
	rule := r.twin.tableRule(rel)
	if rule == nil || e.flat != "" || sel.FromClause[0].GetRangeVar().Alias != nil || len(sel.GroupClause)+len(sel.SortClause)+len(sel.DistinctClause)+len(sel.WindowClause) > 0 ||
		sel.HavingClause != nil || sel.LimitCount != nil || sel.LimitOffset != nil || sel.WithClause != nil {
		r.fail("%s is read in another way than its policy says", rel.Name)
		return nil
	}
	if where := sel.WhereClause; where == nil && e.filter != "" || where != nil && (e.filter == "" || !sameTree(r.twin.trees.tree("("+e.filter+")"), where)) {
		r.fail("%s is read without its row filter", rel.Name)
	}
	for _, n := range sel.TargetList {
		target := n.GetResTarget()
		c := readColumn{name: outputName(target), content: r.treated(target, e, sel.FromClause[0].GetRangeVar().Inh)}
		if shown := e.column(target.Name); shown != nil {
			c.typ = shown.typ
		}
		columns = append(columns, c)
	}
	return columns
}

// treated is what a column of a substitution holds; inherits says that it reads partitions and children, too.
func (r *reader) treated(target *pg.ResTarget, e *exposed, inherits bool) content {
	rel := e.relation
	if (e.locates() || !inherits) && strings.HasPrefix(target.Name, "cordon_tableoid_") && sameTree(target.Val, r.twin.trees.tree("COALESCE("+quoteIdent(rel.Name)+".tableoid)")) {
		return content{}
	}
	c := e.column(target.Name)
	col, ok := rel.Column(target.Name)
	if c == nil || !ok {
		return r.fail("%s has no column %q", rel.Name, target.Name)
	}
	treatment := r.twin.treatment(rel, r.twin.tableRule(rel), col)
	bare := dottedName(target.Val.GetColumnRef()) == rel.Name+"\x00"+col.Name
	switch {
	case bare && treatment.Kind == config.Show:
		return content{}
	case bare && treatment.Kind == config.Pseudonym && c.seal == sealOf(treatment.Domain, col.Type):
		return content{seal: c.seal}
	case !bare && treatment.Kind != config.Show && (r.marks != nil && lastString(target.Val.GetColumnRef().GetFields()) == treatedMark || sameTree(target.Val, r.twin.trees.tree(c.expr))):
		return content{}
	}
	return r.fail("%s.%s is read as it is stored", rel.Name, col.Name)
}
