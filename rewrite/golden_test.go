package rewrite

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/cockroachdb/datadriven"
)

var kindNames = map[Kind]string{KindQuery: "query", KindTransaction: "transaction", KindSet: "set", KindPrepare: "prepare", KindCursor: "cursor",
	KindCopy: "copy", KindListen: "listen", KindEmpty: "empty"}

// TestGolden shows what becomes of statements: testdata/*.txt hold each with its plan or its refusal, and
// `go test ./rewrite -run TestGolden -rewrite` writes down what is answered now, to be read before it is committed.
//
//	rewrite [user=NAME] [database=app|open]   one Query message in a session of its own
//	seal [user=NAME]                          the same with sealed execution
//	hide [user=NAME]                          the same with sealed execution and order = "hide" for every domain
//	session [user=NAME] [NAME=VALUE ...]      begins a session, with startup parameters, that the next directives use
//	run                                       one Query message in that session; every plan completes
//	parse [types=(OID,...)]                   one Parse message in that session
//	seal-parse [types=(OID,...)]              one Parse message in a sealed session of its own
//	reread                                    a text as it could be sent, of a sealed session: what reread says of it
//
// A plan is shown as its kind, the SQL that is sent, and the columns that RowDescription must announce: table.column, - for an
// expression, ? where the second wall alone decides; and the domain by which the proxy seals it. Ciphers, masks and sets of the twin are abbreviated as <...>.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	g := newGolden(t)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			datadriven.RunTest(t, file, g.directive)
		})
	}
}

// sealedPolicy turns sealed execution on.
func sealedPolicy(text string) string {
	return strings.ReplaceAll(text, "sealed = false\n", "")
}

// golden runs directives. The safe rewriters plan the same statements as they are really sent, for the check of every text.
type golden struct {
	short, sent map[string]*Rewriter // by database
	session     [2]*Session          // of the short rewriter and of the other
}

func newGolden(tb testing.TB) *golden {
	g := &golden{short: map[string]*Rewriter{}, sent: map[string]*Rewriter{}}
	cfg := parsedPolicy(tb, nil)
	sealing := parsedPolicy(tb, sealedPolicy)
	hiding := parsedPolicy(tb, func(text string) string {
		return strings.ReplaceAll(sealedPolicy(text), `order = "show"`, `order = "hide"`)
	})
	source := &storedCatalog{current: storedSnapshot(tb)}
	for _, database := range []string{"app", "open"} {
		g.short[database] = newTestRewriter(tb, cfg, database, source)
		abbreviate(tb, g.short[database], "analyst", "li.wei")
		g.sent[database] = newTestRewriter(tb, cfg, database, source)
		for _, all := range []map[string]*Rewriter{g.short, g.sent} {
			all["sealed "+database] = newTestRewriter(tb, sealing, database, source)
			all["hidden "+database] = newTestRewriter(tb, hiding, database, source)
		}
		abbreviate(tb, g.short["hidden "+database], "analyst", "li.wei")
		abbreviate(tb, g.short["sealed "+database], "analyst", "li.wei")
	}
	return g
}

func (g *golden) directive(t *testing.T, d *datadriven.TestData) string {
	user, database := "analyst", "app"
	startup := map[string]string{}
	var types []uint32
	for _, arg := range d.CmdArgs {
		switch arg.Key {
		case "user":
			user = arg.SingleVal(t)
		case "database":
			database = arg.SingleVal(t)
		case "types":
			for _, val := range arg.Vals {
				oid, err := strconv.ParseUint(val, 10, 32)
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				types = append(types, uint32(oid))
			}
		default:
			if d.Cmd != "session" {
				d.Fatalf(t, "unknown argument %s", arg.Key)
			}
			startup[arg.Key] = strings.Join(arg.Vals, ",")
		}
	}
	if g.short[database] == nil {
		d.Fatalf(t, "unknown database %s", database)
	}
	if d.Cmd == "seal" || d.Cmd == "seal-parse" {
		database = "sealed " + database
	} else if d.Cmd == "hide" {
		database = "hidden " + database
	}
	begin := func() (out string) {
		for i, rw := range []*Rewriter{g.short[database], g.sent[database]} {
			s, err := rw.NewSession(SessionParams{User: user, Database: "app", Startup: startup})
			if err != nil {
				return describeError(t, err, "")
			}
			g.session[i] = s
		}
		return "ok\n"
	}
	switch d.Cmd {
	case "session":
		return begin()
	case "rewrite", "seal", "hide":
		if out := begin(); out != "ok\n" {
			d.Fatalf(t, "%s", out)
		}
		return g.query(t, d.Input)
	case "run":
		return g.query(t, d.Input)
	case "reread":
		return g.reread(t, d.Input)
	case "seal-parse":
		if out := begin(); out != "ok\n" {
			d.Fatalf(t, "%s", out)
		}
		return g.parse(t, d.Input, types)
	case "parse":
		return g.parse(t, d.Input, types)
	}
	d.Fatalf(t, "unknown directive %s", d.Cmd)
	return ""
}

// reread says what a text's columns hold, or what is wrong with it.
func (g *golden) reread(t *testing.T, text string) string {
	stmts, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	tw, _, err := g.sent["sealed app"].twin("analyst")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{twin: tw}
	var columns []string
	for _, c := range r.query(queryOf(stmts[0].Stmt), nil) {
		columns = append(columns, c.content.String())
	}
	if r.problem != "" {
		return "problem: " + r.problem + "\n"
	}
	return strings.Join(columns, ", ") + "\n"
}

func (g *golden) query(t *testing.T, text string) string {
	plans, err := play(g.session[0], text)
	sent, sentErr := play(g.session[1], text)
	if fmt.Sprint(err) != fmt.Sprint(sentErr) {
		t.Errorf("%s: %v with short forms, %v with real ones", text, err, sentErr)
	}
	var b strings.Builder
	for _, p := range plans {
		b.WriteString(g.describe(p))
	}
	for _, p := range sent {
		checkSent(t, g.session[1], p)
	}
	if err != nil {
		b.WriteString(describeError(t, err, text))
	}
	return b.String()
}

func (g *golden) parse(t *testing.T, text string, types []uint32) string {
	plan, err := g.session[0].Parse(t.Context(), text, types)
	if err != nil {
		return describeError(t, err, text)
	}
	if sent, err := g.session[1].Parse(t.Context(), text, types); err == nil {
		checkSent(t, g.session[1], sent)
	}
	return g.describe(plan)
}

// describe shows a plan.
func (g *golden) describe(p *Plan) string {
	var b strings.Builder
	b.WriteString(kindNames[p.Kind])
	if p.Name != "" {
		fmt.Fprintf(&b, " name=%s", p.Name)
	}
	if p.Tag != "" {
		fmt.Fprintf(&b, " tag=%s", p.Tag)
	}
	if p.Opaque {
		b.WriteString(" opaque")
	}
	if g.session[0].Tracks(p) {
		b.WriteString(" tracked")
	}
	b.WriteByte('\n')
	if p.SQL != "" {
		b.WriteString(p.SQL + "\n")
	}
	if p.Describe != "" {
		b.WriteString("describe: " + p.Describe + "\n")
	}
	for i, param := range p.Params {
		fmt.Fprintf(&b, "$%d: %s\n", i+1, describeParam(param))
	}
	if p.Named != nil {
		fmt.Fprintf(&b, "names: %v\n", p.Named)
	}
	if len(p.Columns) > 0 {
		b.WriteString("columns: " + strings.Join(g.origins(p), ", ") + "\n")
	}
	return b.String()
}

func (g *golden) origins(p *Plan) []string {
	var out []string
	snapshot := g.session[0].rewriter.options.Catalog.Current()
	for _, o := range p.Columns {
		rel, known := snapshot.RelationByOID(o.Table)
		name := "-"
		switch {
		case o.Unknown:
			name = "?"
		case known:
			c, _ := rel.ColumnByNum(o.Column)
			name = rel.Name + "." + c.Name
		}
		if o.Seal.Domain != "" {
			name += " sealed " + o.Seal.Domain + " " + pgtypes[o.Seal.Type] + map[bool]string{true: "[]"}[o.Seal.Array]
		}
		out = append(out, name)
	}
	return out
}

func describeParam(p Param) string {
	out := fmt.Sprintf("the client's $%d", p.From)
	if p.From == 0 {
		out = fmt.Sprintf("%q", p.Value)
	}
	if p.Declared != 0 {
		out += fmt.Sprintf(", declared as %d", p.Declared)
	}
	if p.Seal.Domain != "" {
		out += " unsealed " + p.Seal.Domain + " " + pgtypes[p.Seal.Type]
	}
	if p.Array {
		out += "[]"
	}
	return fmt.Sprintf("%s, sent as %d", out, p.Type)
}

var pgtypes = map[uint32]string{oidInt4: "int4", oidInt8: "int8", oidText: "text", 2950: "uuid"}

// describeError shows a refusal, which must say what to do, or an error of the twin's own, and the text at its position.
func describeError(t *testing.T, err error, text string) string {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("a fault, not an answer: %v", err)
		return fmt.Sprintf("fault: %v\n", err)
	}
	if e.Code == "" || e.Message == "" || e.Reason != "" && e.Hint == "" {
		t.Errorf("incomplete refusal: %+v", e)
	}
	if (e.Reason != "") != strings.HasPrefix(e.Message, "cordon") {
		t.Errorf("the message of a refusal begins with cordon, that of the twin's own error does not: %+v", e)
	}
	out := fmt.Sprintf("%s: %s\n", e.Code, e.Message)
	if e.Reason != "" {
		out = fmt.Sprintf("%s (%s): %s\n", e.Code, e.Reason, e.Message)
	}
	if e.Hint != "" {
		out += "HINT: " + e.Hint + "\n"
	}
	if e.Position > 0 {
		out += strings.TrimRight(fmt.Sprintf("at %d: %s", e.Position, wordAt(text, e.Position)), " ") + "\n"
	}
	return out
}

// wordAt is what stands at a position, up to the next space and no more than 20 characters of it.
func wordAt(text string, position int) string {
	rest := []rune(text)[position-1:]
	if i := slices.IndexFunc(rest, unicode.IsSpace); i >= 0 {
		rest = rest[:i]
	}
	return string(rest[:min(len(rest), 20)])
}
