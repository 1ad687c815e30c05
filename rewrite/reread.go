package rewrite

import (
	"errors"
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// The binder decides by its own scopes which identifiers may stay raw. If a name in what it writes were found elsewhere by the server, in a nearer FROM clause, say, that
// decision would have been about another column. So a text over tables with identifiers is read once more before it is sent, as the server will read it: from the text alone, by
// a second and much simpler set of rules that shares no state with the binder. It knows what each column of each FROM clause holds, from the substitutions that
// it recognises (reread_table.go) up to the columns of the answer, and where a raw identifier may stand (reread_expr.go): nowhere else.

// content is what a value is, as far as identifiers go; the zero value: anything that may be shown.
type content struct {
	seal Seal // a raw identifier, or an array of them
	null bool // NULL
	key  bool // the hash of an identifier, to sort by
	row  bool // a whole row with such columns
}

// guarded says that a value must not be used but where the rules name it.
func (c content) guarded() bool { return c.seal != Seal{} || c.key || c.row }

// reader reads one text. Its first problem ends it.
type reader struct {
	twin    *twin
	params  []Param
	marks   map[string]mark
	problem string
	work    int // steps so far, as of budget.go: queries in recursive ones are read more than once
}

func (r *reader) fail(format string, args ...any) content {
	if r.problem == "" {
		r.problem = fmt.Sprintf(format, args...)
	}
	return content{}
}

// errDisputed says that what a statement would be sent as does not pass reread.
var errDisputed = errors.New("read otherwise than it was bound")

// emit is the text that is sent for a bound statement. If identifiers may be read raw in it, it is held against reread. A problem is a fault of the binder's, which is logged; the
// statement is then planned without raw identifiers.
func (p *planner) emit(stmt *pg.Node, bound *boundQuery) (string, error) {
	text, again, err := deparseAndParse(stmt)
	if err != nil {
		return "", err
	}
	if bound.raw && !p.unread {
		err := reread(p.env.twin, again, bound.marks, bound.columns, bound.params)
		if errors.Is(err, errDisputed) && p.log != nil {
			p.log.Error("a raw identifier would have stood where it must not; planned without sealed execution", "error", err)
		}
		if err != nil {
			return "", err
		}
	}
	return replaceMarks(text, bound.marks, tableNames(stmt))
}

// reread reads a statement that is to be sent. Its error is errDisputed where a raw identifier stands where it must not, or leaves in a column that the proxy does not seal.
// columns are what the plan says of the answer, params of the parameters. The tree is that of the text that is sent, or with marks in it, of which those of tables are read as what
// they stand for, with the treatments of columns in short: these and the forms of ciphers are most of a text.
func reread(tw *twin, sent *pg.Node, marks []mark, columns []Origin, params []Param) error {
	r := &reader{twin: tw, params: params, marks: map[string]mark{}}
	for _, m := range marks {
		r.marks[m.name] = m
	}
	if query := queryOf(sent); query != nil {
		r.answer(r.queryOf(query, nil, len(columns)), columns)
	}
	switch {
	case r.work > maxWork:
		return tooComplex()
	case r.problem != "":
		return fmt.Errorf("%w: %s", errDisputed, r.problem)
	}
	return nil
}

// spend counts steps.
func (r *reader) spend(steps int) {
	if r.work += steps; r.work > maxWork {
		r.fail("too many steps")
	}
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
	outputs = counted(outputs, len(columns))
	if len(outputs) != len(columns) {
		r.fail("the answer has %d columns, not %d", len(outputs), len(columns))
		return
	}
	for i, c := range outputs {
		if c.seal != columns[i].Seal && !(c.null && !c.guarded()) || c.key || c.row {
			r.fail("column %d of the answer holds %s, and is sealed as %s", i+1, c.content, content{seal: columns[i].Seal})
		}
	}
}

func (c content) String() string {
	switch {
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
