package rewrite

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

var systemColumns = map[string]bool{"ctid": true, "xmin": true, "xmax": true, "cmin": true, "cmax": true, "tableoid": true}

// locatedColumn is the name under which a substitution exposes tableoid, behind the columns of the table: one of its own, which no NATURAL JOIN finds twice.
func (t *tableRef) locatedColumn() string { return "cordon_tableoid_" + itoa(t.number+1) }

// transactionColumns are what the rows of every catalog have in the transactions' columns: as if initdb had made them and nobody had changed one.
var transactionColumns = map[string]struct {
	typ, value string
	oid        uint32
}{
	"xmin": {"xid", "1", oidXID}, "xmax": {"xid", "0", oidXID}, "cmin": {"cid", "0", 29}, "cmax": {"cid", "0", 29},
}

// catalogColumn binds a system column of a relation of pg_catalog that tells of transactions: a constant, and NULL where an outer join found no row.
func (b *binder) catalogColumn(n *pg.Node, name string, it *item, sc *scope) info {
	constant := transactionColumns[name]
	key := it.columns[0] // of every catalog the first is part of its key
	ref := pg.MakeColumnRefNode(nameNodes(it.emit, key.name), 0)
	in := b.useColumn(ref.GetColumnRef(), it, key, sc)
	there := &pg.Node{Node: &pg.Node_NullTest{NullTest: &pg.NullTest{Arg: ref, Nulltesttype: pg.NullTestType_IS_NOT_NULL}}}
	n.Node = &pg.Node_CaseExpr{CaseExpr: &pg.CaseExpr{Args: []*pg.Node{{Node: &pg.Node_CaseWhen{CaseWhen: &pg.CaseWhen{Expr: there, Result: castNode(constant.value, constant.typ, false)}}}}}}
	return info{typ: constant.oid, filtered: in.filtered, safe: true, origin: Origin{Unknown: true}}
}

// systemColumn binds a system column. tableoid says which table of the twin a row lies in; the others tell about how rows are stored. it is nil where
// the name stands alone.
func (b *binder) systemColumn(n *pg.Node, name string, it *item, sc *scope) (info, error) {
	if transactionColumns[name].typ != "" {
		of := it
		if of == nil {
			of, _ = sc.soleTable(name)
		}
		if of != nil && of.table != nil && of.table.exposed.relation.Kind == 'r' && of.table.exposed.relation.Schema == "pg_catalog" {
			return b.catalogColumn(n, name, of, sc), nil
		}
	}
	if name == "ctid" && sc.owner != nil && sc.owner.item == n {
		sc.owner.placed = true
		return b.ctid(n, it, sc)
	}
	if it == nil && name == "tableoid" {
		var err error
		if it, err = sc.soleTable(name); err != nil {
			return info{}, err
		}
		if it == nil {
			return info{}, undefinedColumn("", name)
		}
	}
	if name != "tableoid" || it.table == nil {
		return info{}, hiddenSystemColumn(name)
	}
	e := it.table.exposed
	switch {
	case e.relation.System() && e.relation.Kind == 'r':
		n.Node = castNode(strconv.FormatUint(uint64(e.relation.OID), 10), "oid", false).Node
		return info{typ: oidOID, safe: true}, nil
	case !e.locates() && !it.table.only:
		hint := "Leave tableoid out."
		if b.env.twin.hasNamedChild(e.relation) {
			hint = "Leave tableoid out, or read a partition or child by its name."
		}
		return info{}, refused("system-column", "cordon: which partition or child of "+quoted(it.name)+" a row lies in tells about columns that a masked session does not have", hint)
	}
	if !it.table.located { // stars of the table have to be written out
		b.env.located[it.table.number] = true
		b.again = true
	}
	c := &column{name: it.table.locatedColumn(), typ: oidOID, origin: Origin{Unknown: true}, uses: []*bool{&it.table.oidUsed}, filtered: e.filtered, home: it}
	ref := pg.MakeColumnRefNode(nameNodes(it.emit, it.table.locatedColumn()), 0)
	n.Node = ref.Node
	return b.useColumn(ref.GetColumnRef(), it, c, sc), nil
}

// hiddenSystemColumn refuses what tells how rows are stored.
func hiddenSystemColumn(name string) *Error {
	hint := "Use the table's own columns."
	if name == "ctid" {
		hint = "Use the table's own columns; ctid is admitted in the select list of the statement by itself, where it is NULL."
	}
	return refused("system-column", "cordon: system column "+quoted(name)+" tells about the stored rows and is not available in a masked session", hint)
}

// ctid binds ctid as a select item, which editors of rows ask for beside the columns: NULL, as no row of the twin has a place that a session could know.
func (b *binder) ctid(n *pg.Node, it *item, sc *scope) (info, error) {
	if it == nil {
		var err error
		if it, err = sc.soleTable("ctid"); err != nil {
			return info{}, err
		}
	}
	if it == nil || it.table == nil || !slices.Contains([]byte{'r', 'p', 'm', 'f'}, it.table.exposed.relation.Kind) {
		return info{}, undefinedColumn("", "ctid")
	}
	n.Node = nullOf("tid").Node
	return info{typ: oidTID, safe: true, origin: Origin{Unknown: true}}, nil
}

// ofRows says that the rows of a SELECT are those of its FROM clause, but for an aggregate.
func ofRows(sel *pg.SelectStmt) bool {
	return len(sel.DistinctClause) == 0 && len(sel.GroupClause) == 0 && sel.HavingClause == nil
}

// locates says that tableoid of a relation may be shown: it is the relation's own, or depends on nothing that the twin lacks.
func (e *exposed) locates() bool {
	rel := e.relation
	if e.flat != "" || e.source != "" || rel.OID < catalog.FirstUserOID || rel.Kind != 'r' && rel.Kind != 'p' {
		return false
	}
	if len(rel.Children) == 0 {
		return true
	}
	if len(e.columns) != len(rel.Columns) {
		return false
	}
	for i := range e.columns {
		if e.columns[i].origin.Table != rel.OID {
			return false
		}
	}
	return true
}

// locatedExpr is tableoid in the substitution; COALESCE keeps it from being announced as a column of the table.
func (t *tableRef) locatedExpr() string {
	return "COALESCE(" + quoteIdent(t.exposed.relation.Name) + ".tableoid) AS " + t.locatedColumn()
}

// anyLocated says that one of some items is a table whose tableoid is read, so that a star of it has to be written out.
func anyLocated(items []*item) bool {
	return slices.ContainsFunc(items, func(it *item) bool { return it.table != nil && it.table.located })
}

// soleTable is the table that a bare system column is of, inner to outer; nil if there is none.
func (s *scope) soleTable(name string) (*item, error) {
	for ; s != nil; s = s.parent {
		var found *item
		for _, it := range s.items {
			if it.table == nil || !it.cols {
				continue
			}
			if found != nil {
				return nil, ambiguousColumn(name)
			}
			found = it
		}
		if found != nil {
			return found, nil
		}
	}
	return nil, nil
}
