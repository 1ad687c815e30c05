package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// forms begin the marks of SQL forms at a place. An argument of a template stands in several places, or in none.
const formMark = "cordon_form_"

// placeable says that the SQL form can stand in an expression's place: it is a bare column, so that nothing is computed twice or at another
// level of the query, of columns that are read raw with the form at places.
func (b *binder) placeable(n *pg.Node, l *label) bool {
	return b.bareColumn(n) && l.placeable()
}

// placeable says that the columns that a value may come from are read raw with the form at places.
func (l *label) placeable() bool {
	if l.seal.Array {
		return false
	}
	for _, source := range l.sources {
		if source.mode != readPlaced || source.typ != l.sources[0].typ {
			return false
		}
	}
	return len(l.sources) > 0
}

// bareColumn says that an expression is a column that is the same inside a subquery.
func (b *binder) bareColumn(n *pg.Node) bool {
	c := b.refs[n.GetColumnRef()]
	return n.GetColumnRef() != nil && c != nil && !c.computed
}

// place puts (SELECT <form> FROM (SELECT n) cordon_v(cordon_x)) in the place of n; the form is a mark, since its text is long.
func (b *binder) place(n *pg.Node, l *label) {
	name := formMark + itoa(len(b.placed)+1)
	b.placed = append(b.placed, placedForm{name, *l})
	n.Node = scalar(formOver(name, selectOfValue(n)))
}

// placedValue is what a form at a place is over.
const placedValue = "cordon_v.cordon_x"

// formOver is SELECT mark FROM (inner) cordon_v(cordon_x).
func formOver(mark string, inner *pg.SelectStmt) *pg.SelectStmt {
	return selectFrom(pg.MakeColumnRefNode(nameNodes(mark), 0), inner, &pg.Alias{Aliasname: "cordon_v", Colnames: nameNodes("cordon_x")})
}

// selectFrom is SELECT value FROM (inner) alias.
func selectFrom(value *pg.Node, inner *pg.SelectStmt, alias *pg.Alias) *pg.SelectStmt {
	return &pg.SelectStmt{
		TargetList:  []*pg.Node{pg.MakeResTargetNodeWithVal(value, 0)},
		FromClause:  []*pg.Node{{Node: &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{Subquery: selectNode(inner), Alias: alias}}}},
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
	}
}

// selectOfValue is SELECT n.
func selectOfValue(n *pg.Node) *pg.SelectStmt {
	value := pg.MakeResTargetNodeWithVal(&pg.Node{Node: n.Node}, 0)
	return &pg.SelectStmt{TargetList: []*pg.Node{value}, LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE}
}

// scalar is a subquery that stands for its one value.
func scalar(sel *pg.SelectStmt) *pg.Node_SubLink {
	return &pg.Node_SubLink{SubLink: &pg.SubLink{SubLinkType: pg.SubLinkType_EXPR_SUBLINK, Subselect: selectNode(sel)}}
}

// placedForm is a form that stands at a place.
type placedForm struct {
	name  string
	label label
}

func selectNode(sel *pg.SelectStmt) *pg.Node {
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: sel}}
}

// formMarks are the texts of the forms that were placed.
func (b *binder) formMarks() ([]mark, error) {
	var marks []mark
	for _, p := range b.placed {
		text, err := b.env.twin.forms.pseudonym(p.label.seal.Domain, p.label.sources[0].typ, placedValue)
		if err != nil {
			return nil, err
		}
		marks = append(marks, mark{name: p.name, text: text, form: cipherForm{seal: p.label.seal}})
	}
	for _, u := range b.inverses {
		text, err := u.text(b.env.twin.forms)
		if err != nil {
			return nil, err
		}
		marks = append(marks, mark{name: u.name, text: text, form: cipherForm{seal: Seal{Domain: u.domain, Type: asText(u.typ.OID), Array: u.array}, inverse: true}})
	}
	for domain := range b.seeds {
		marks = append(marks, mark{name: seedMark + domain, text: b.env.twin.forms.seed(domain)})
	}
	return marks, nil
}
