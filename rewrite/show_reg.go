package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Catalogs have columns of type regproc, which cordon reads as numbers, so that no literal that meets one is looked up by the server. A client expects the
// name: Rails tells arrays by typinput = array_in, Postgrex chooses codecs by typsend.

func (c *column) showsName() bool { return regTemplates[c.reg] != "" }

// regOf is the reg* type whose number a bare column holds.
func (b *binder) regOf(n *pg.Node) string {
	if c := b.refs[n.GetColumnRef()]; c != nil && c.showsName() {
		return c.reg
	}
	return ""
}

// showNames puts names in the place of numbers in the outermost select list. What is DISTINCT ON or grouped by its place stays a number: two functions
// may have one name. Plain DISTINCT becomes DISTINCT ON of the numbers.
func (b *binder) showNames(sel *pg.SelectStmt, sc *scope, columns []*column) error {
	distinct := len(sel.DistinctClause) > 0
	if distinct && (sc.owner.hides || sel.DistinctClause[0].GetNode() != nil) ||
		slices.ContainsFunc(sel.GroupClause, func(n *pg.Node) bool { return n.GetColumnRef() == nil }) {
		return nil
	}
	shown := false
	var numbers []*pg.Node // what is distinct: a column by its place, but a number that gives its place to a name
	for i, c := range columns {
		numbers = append(numbers, pg.MakeAConstIntNode(int64(i+1), 0))
		if len(columns) != len(sel.TargetList) || !c.showsName() || c.expr.GetColumnRef() == nil {
			continue
		}
		target := sel.TargetList[i].GetResTarget()
		if b.qualifyRefs(target.Val) != nil { // the bare name is that of the output now
			continue
		}
		b.sortByNumber(sel, c, i)
		number := cloneNode(target.Val)
		numbers[i], shown = number, true
		if err := b.applyTemplate(target.Val, regTemplates[c.reg], []*pg.Node{number}); err != nil {
			return err
		}
		target.Name, c.reg, c.typ = c.name, "", oidText
	}
	if distinct && shown {
		sel.DistinctClause = numbers
	}
	return nil
}

// sortByNumber makes ORDER BY, where it means an output column by its name or place, mean what that shows the name of.
func (b *binder) sortByNumber(sel *pg.SelectStmt, c *column, place int) {
	ref := c.expr.GetColumnRef()
	for _, n := range sel.SortClause {
		by := n.GetSortBy()
		parts, _ := splitName(by.Node.GetColumnRef().GetFields())
		if number := by.Node.GetAConst().GetIval(); number != nil && int(number.Ival) == place+1 || len(parts) == 1 && parts[0] == c.name {
			by.Node = cloneNode(c.expr)
			b.refs[by.Node.GetColumnRef()], b.owners[by.Node.GetColumnRef()] = b.refs[ref], b.owners[ref]
		}
	}
}
