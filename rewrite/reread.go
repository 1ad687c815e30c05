package rewrite

import (
	"errors"
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// The binder decides by its own scopes which identifiers may stay raw. If a name in what it writes were found elsewhere by the server, in a nearer FROM clause, say, that
// decision would have been about another column. So a text with raw identifiers in it is read once more before it is sent, as the server will read it: from the text alone, by
// a second and much simpler set of rules that shares no state with the binder. It knows what each column of each FROM clause holds, from the substitutions that
// it recognises (reread_table.go) up to the columns of the answer, and where a raw identifier may stand (reread_expr.go): nowhere else.

// content is what a value is, as far as identifiers go; the zero value: anything that may be shown.
type content struct {
	seal   Seal // a raw identifier, or an array of them
	null   bool // NULL
	key    bool // the hash of an identifier, to sort by
	row    bool // a whole row with such columns
	masked bool // what the policy hides or masks, as it is stored
}

// guarded says that a value must not be used but where the rules name it.
func (c content) guarded() bool { return c.seal != Seal{} || c.key || c.row || c.masked }

// reader reads one text. Its first problem ends it.
type reader struct {
	twin    *twin
	params  []Param
	marks   map[string]cipherForm // what a name stands for that is a mark; no form: what is not guarded
	problem string
}

func (r *reader) fail(format string, args ...any) content {
	if r.problem == "" {
		r.problem = fmt.Sprintf(format, args...)
	}
	return content{}
}

// errDisputed says that what a statement would be sent as does not pass reread.
var errDisputed = errors.New("what would be sent reads otherwise than it was bound")

// emit is the text that is sent for a bound statement. If identifiers are read raw in it, it is held against reread; with the treatments of columns and the forms of ciphers in
// short, which are most of it. A problem is a fault of the binder's, which is logged; the statement is then planned without raw identifiers.
func (p *planner) emit(stmt *pg.Node, bound *boundQuery) (string, error) {
	text, err := deparse(stmt)
	if err != nil {
		return "", err
	}
	if bound.raw && !p.unread {
		if problem := reread(p.env.twin, shortText(text, bound.marks), bound.columns, bound.params, bound.marks); problem != "" {
			if p.log != nil {
				p.log.Error("a raw identifier would have stood where it must not; planned without sealed execution", "problem", problem)
			}
			return "", errDisputed
		}
	}
	return replaceMarks(text, bound.marks, tableNames(stmt))
}

// reread says what is wrong with a text that is to be sent: that a raw identifier stands where it must not, or leaves in a column that the proxy does not seal. It is empty
// where nothing is. columns are what the plan says of the answer, params of the parameters; marks stand in the text for what is not written out.
func reread(tw *twin, text string, columns []Origin, params []Param, marks []mark) string {
	tree, err := pg.Parse(text)
	if err != nil || len(tree.Stmts) != 1 {
		return "what is sent is not one statement"
	}
	r := &reader{twin: tw, params: params, marks: map[string]cipherForm{}}
	for _, m := range marks {
		if m.short == "" {
			r.marks[m.name] = m.form
		}
	}
	if query := queryOf(tree.Stmts[0].Stmt); query != nil {
		r.answer(r.query(query, nil), columns)
	}
	return r.problem
}

// queryOf is the query that a statement runs or keeps; nil where it has none.
func queryOf(stmt *pg.Node) *pg.SelectStmt {
	switch x := stmt.GetNode().(type) {
	case *pg.Node_SelectStmt:
		return x.SelectStmt
	case *pg.Node_PrepareStmt:
		return x.PrepareStmt.Query.GetSelectStmt()
	case *pg.Node_DeclareCursorStmt:
		return x.DeclareCursorStmt.Query.GetSelectStmt()
	case *pg.Node_CopyStmt:
		return x.CopyStmt.Query.GetSelectStmt()
	}
	return nil
}

// answer holds the columns of the answer against those that the proxy seals.
func (r *reader) answer(outputs []readColumn, columns []Origin) {
	if at := slices.IndexFunc(outputs, func(c readColumn) bool { return c.open }); at >= 0 { // some columns, none of them guarded
		many := max(len(columns)-len(outputs)+1, 0)
		outputs = slices.Concat(outputs[:at], make([]readColumn, many), outputs[at+1:])
	}
	if len(outputs) != len(columns) {
		r.fail("the answer has %d columns, not %d", len(outputs), len(columns))
		return
	}
	for i, c := range outputs {
		if c.seal != columns[i].Seal && !(c.null && !c.guarded()) || c.key || c.row || c.masked {
			r.fail("column %d of the answer holds %s, and is sealed as %s", i+1, c.content, content{seal: columns[i].Seal})
		}
	}
}

func (c content) String() string {
	switch {
	case c.masked:
		return "a stored value"
	case c.row:
		return "a row with identifiers"
	case c.key:
		return "an order key"
	case c.seal.Array:
		return "identifiers of " + c.seal.Domain
	case c.seal != Seal{}:
		return "an identifier of " + c.seal.Domain
	}
	return "nothing guarded"
}
