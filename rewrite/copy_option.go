package rewrite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/builtin"
)

var copyOptions = []string{"format", "header", "delimiter", "null", "quote", "escape", "force_quote", "encoding"}

// copyOption admits an option of COPY. Its value must have the one form that the deparser knows: at others it ends the process.
func copyOption(d *pg.DefElem) error {
	name := d.GetDefname()
	if !slices.Contains(copyOptions, name) {
		return refused("forbidden-copy-option", fmt.Sprintf("cordon: COPY option %q is not admitted", name), "Use FORMAT, HEADER, DELIMITER, NULL, QUOTE, ESCAPE or FORCE_QUOTE.")
	}
	plainHeader(d)
	switch {
	case name == "force_quote":
		if d.Arg.GetAStar() == nil && !stringList(d.Arg) {
			return &Error{Code: "22023", Message: "argument to option \"force_quote\" must be a list of column names"}
		}
	case d.Arg.GetString_() == nil:
		return &Error{Code: "42601", Message: fmt.Sprintf("%s requires a parameter", name)}
	case name == "format":
		if s := d.Arg.GetString_().Sval; s != "text" && s != "csv" && s != "binary" {
			return &Error{Code: "22023", Message: fmt.Sprintf("COPY format \"%s\" not recognized", s)}
		}
	case name == "encoding":
		if _, verdict := builtin.Settable("client_encoding", d.Arg.GetString_().Sval); verdict != builtin.Ignored {
			return refused("forbidden-encoding", "cordon: only encoding UTF8 is admitted", "Convert the file afterwards.")
		}
		d.Arg.GetString_().Sval = "UTF8" // SQL_ASCII means the same
	}
	return nil
}

func stringList(n *pg.Node) bool {
	items := n.GetList().GetItems()
	return len(items) > 0 && !slices.ContainsFunc(items, func(n *pg.Node) bool { return n.GetString_() == nil })
}

// plainHeader writes HEADER as the words true and false, the one form that the deparser keeps in every syntax of COPY.
func plainHeader(d *pg.DefElem) {
	value := ""
	switch x := d.GetArg().GetNode().(type) {
	case *pg.Node_Boolean:
		value = strconv.FormatBool(x.Boolean.Boolval)
	case *pg.Node_Integer:
		value = strconv.FormatBool(x.Integer.Ival != 0)
	case nil:
		value = "true"
	}
	switch s := d.GetArg().GetString_(); {
	case s == nil:
	case strings.EqualFold(s.Sval, "on"):
		value = "true"
	case strings.EqualFold(s.Sval, "off"):
		value = "false"
	}
	if d.Defname == "header" && value != "" {
		d.Arg = pg.MakeStrNode(value)
	}
}

// forcedQuotes are the columns that FORCE_QUOTE names.
func forcedQuotes(options []*pg.Node) []*pg.Node {
	var names []*pg.Node
	for _, n := range options {
		if d := n.GetDefElem(); d.GetDefname() == "force_quote" {
			names = append(names, d.Arg.GetList().GetItems()...)
		}
	}
	return names
}
