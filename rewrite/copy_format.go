package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// CopyFormat is the form in which the server sends the rows of a COPY whose identifiers the proxy seals, and in which the client gets them.
type CopyFormat struct {
	Kind      CopyKind
	Header    bool     // the first row holds the names of the columns
	Delimiter byte     // between fields; not of CopyBinary
	Null      string   // how the client is shown NULL; the server sends \N in CopyText, since a value could look like another text
	Quote     byte     // of CopyCSV
	Escape    byte     // of CopyCSV
	ForceAll  bool     // of CopyCSV: every value that is not NULL is quoted
	Force     []string // of CopyCSV: the columns whose values are
}

// CopyKind is the option FORMAT.
type CopyKind uint8

// The formats of COPY.
const (
	CopyText CopyKind = iota
	CopyCSV
	CopyBinary
)

// copyFormat reads the options of a COPY; nil where they are not what the proxy knows how to seal: then the SQL form serves, and if they
// are wrong, the server says so (ProcessCopyOptions in copy.c).
func copyFormat(options []*pg.Node) *CopyFormat {
	given := map[string]*pg.Node{}
	for _, n := range options {
		d := n.GetDefElem()
		if _, again := given[d.GetDefname()]; again {
			return nil
		}
		given[d.GetDefname()] = d.Arg
	}
	text := func(name, otherwise string) string {
		if n, ok := given[name]; ok {
			otherwise = n.GetString_().GetSval()
		}
		delete(given, name)
		return otherwise
	}
	f := &CopyFormat{}
	text("encoding", "") // admitted is only that of the session
	switch text("format", "text") {
	case "binary":
		f.Kind = CopyBinary
		return onlyIf(f, len(given) == 0)
	case "text":
		// The server writes NULL as \N, of which N must not be the delimiter.
		f.Delimiter, f.Null = character(text("delimiter", "\t")), text("null", `\N`)
		if f.Delimiter == 'N' || strings.IndexByte(`\.abcdefghijklmnopqrstuvwxyz0123456789`, f.Delimiter) >= 0 {
			return nil
		}
	case "csv":
		quote := text("quote", `"`)
		f.Kind, f.Delimiter, f.Null, f.Quote, f.Escape = CopyCSV, character(text("delimiter", ",")), text("null", ""), character(quote), character(text("escape", quote))
		f.force(given["force_quote"])
		delete(given, "force_quote")
		if f.Quote == 0 || f.Escape == 0 || f.Quote == f.Delimiter || strings.IndexByte(f.Null, f.Quote) >= 0 {
			return nil
		}
	}
	switch strings.ToLower(text("header", "false")) {
	case "true", "on":
		f.Header = true
	case "false", "off":
	default:
		return nil
	}
	return onlyIf(f, len(given) == 0 && f.Delimiter != 0 && !strings.ContainsAny(f.Null, "\r\n"+string(rune(f.Delimiter))))
}

func onlyIf(f *CopyFormat, known bool) *CopyFormat {
	if !known {
		return nil
	}
	return f
}

// character is an option that is one printable character or a tab, of one byte; else 0.
func character(option string) byte {
	if len(option) == 1 && (option == "\t" || ' ' <= option[0] && option[0] <= '~') {
		return option[0]
	}
	return 0
}

// force reads FORCE_QUOTE.
func (f *CopyFormat) force(n *pg.Node) {
	f.ForceAll = n.GetAStar() != nil
	for _, name := range n.GetList().GetItems() {
		f.Force = append(f.Force, name.GetString_().GetSval())
	}
}

// sentNull makes the server write NULL so that no value looks like it.
func sentNull(options []*pg.Node) {
	for _, n := range options {
		if d := n.GetDefElem(); d.GetDefname() == "null" {
			d.Arg = pg.MakeStrNode(`\N`)
		}
	}
}
