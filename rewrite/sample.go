package rewrite

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// The server's TABLESAMPLE picks blocks and places in them, of hidden rows too. Here each visible row is drawn by itself, by the server's cryptographic
// generator: random() could be foretold from what a session has seen of it, and with it which rows lie first.

// sample is the share of a relation's rows that a reference to it has.
type sample struct{ percent float32 }

// rangeTableSample binds TABLESAMPLE, and leaves the relation in its place.
func (b *binder) rangeTableSample(n *pg.Node, x *pg.RangeTableSample, sc *scope) (*item, error) {
	it, err := b.rangeVar(x.Relation.GetRangeVar(), sc)
	if err != nil {
		return nil, err
	}
	if !sampled(it) {
		return nil, &Error{Code: "0A000", Message: "TABLESAMPLE clause can only be applied to tables and materialized views"}
	}
	if err := b.sampleMethod(x); err != nil {
		return nil, err
	}
	percent, err := b.samplePercent(x.Args[0])
	if err != nil {
		return nil, err
	}
	switch {
	case x.Repeatable != nil:
		return nil, refused("tablesample", "cordon: a sample that is the same each time is not in this version", "Leave REPEATABLE out.")
	case b.env.definition:
		return nil, refused("tablesample", "cordon: a view that samples a table is not in this version", "Write TABLESAMPLE in the query itself.")
	}
	it.table.sample = &sample{percent}
	n.Node = x.Relation.Node
	return it, nil
}

// sampled says that an item is a table of the twin; so is a view that the policy lists.
func sampled(it *item) bool {
	if it.table == nil {
		return false
	}
	e := it.table.exposed
	return e.flat == "" && (strings.IndexByte("rmp", e.relation.Kind) >= 0 || e.relation.Kind == 'v' && !e.relation.System())
}

// sampleMethod admits the methods that are the server's own.
func (b *binder) sampleMethod(x *pg.RangeTableSample) error {
	parts, _ := splitName(x.Method)
	schema, name := "", parts[len(parts)-1]
	if len(parts) > 1 {
		schema = strings.Join(parts[:len(parts)-1], ".")
	}
	if schema != "" && schema != "pg_catalog" || name != "bernoulli" && name != "system" {
		return b.unknownMethod(schema, name)
	}
	if len(x.Args) != 1 {
		return &Error{Code: "2202H", Message: fmt.Sprintf("tablesample method %s requires 1 argument, not %d", dotted(schema, name), len(x.Args))}
	}
	return nil
}

// unknownMethod is the server's error, unless an extension has such a method.
func (b *binder) unknownMethod(schema, name string) error {
	in := b.env.path
	if schema != "" {
		in = []string{schema}
	}
	for _, s := range in {
		for _, f := range b.env.twin.snapshot.Functions(s, name) {
			switch {
			case !slices.Equal(f.Args, []uint32{oidInternal}):
			case f.Result != oidSampleHandler:
				return &Error{Code: "42809", Message: "function " + dotted(schema, name) + " must return type tsm_handler"}
			default:
				return refused("tablesample", "cordon: the sampling method "+quoted(name)+" is not known", "Use BERNOULLI or SYSTEM.")
			}
		}
	}
	return &Error{Code: "42704", Message: "tablesample method " + dotted(schema, name) + " does not exist"}
}

const (
	oidInternal      = 2281
	oidSampleHandler = 3310
)

// samplePercent reads the share, which has to be a constant: its errors are the server's.
func (b *binder) samplePercent(n *pg.Node) (float32, error) {
	types := []uint32{0, oidInt4, oidInt8, oidNumeric, oidBool}
	if cast := n.GetTypeCast(); cast != nil {
		typ, err := newBinder(b.env).typeName(cast.TypeName)
		if err != nil {
			return 0, err
		}
		if types = castShares[typ]; len(cast.TypeName.Typmods) > 0 {
			return 0, unknownShare()
		}
		n = cast.Arg
	}
	a, err := literal(n)
	switch {
	case err != nil || types == nil:
		return 0, unknownShare()
	case a.Null:
		return 0, &Error{Code: "2202H", Message: "TABLESAMPLE parameter cannot be null"}
	case !slices.Contains(types, a.Type):
		return 0, unknownShare()
	case a.Type == oidBool:
		return 0, &Error{Code: "42804", Message: "argument of TABLESAMPLE must be type real, not type boolean"}
	}
	return a.share()
}

// castShares are the types of constants that may be cast to a type: text may be no whole number, and a fraction is rounded to one.
var castShares = map[uint32][]uint32{
	oidInt2: {oidInt4}, oidInt4: {oidInt4}, oidInt8: {oidInt4, oidInt8},
	oidFloat4: {0, oidInt4, oidInt8, oidNumeric}, oidFloat8: {0, oidInt4, oidInt8, oidNumeric}, oidNumeric: {0, oidInt4, oidInt8, oidNumeric},
}

// share is the argument as a percentage.
func (a Argument) share() (float32, error) {
	text := strings.TrimSpace(a.Text)
	if strings.ContainsAny(text, "xX_") { // strtof and ParseFloat do not read them alike
		return 0, unknownShare()
	}
	percent, err := strconv.ParseFloat(text, 32)
	vanishes := err == nil && percent == 0 && strings.ContainsAny(mantissa(text), "123456789")
	switch {
	case errors.Is(err, strconv.ErrRange) || vanishes:
		return 0, &Error{Code: "22003", Message: quoted(a.Text) + " is out of range for type real"}
	case err != nil && a.Type == 0:
		return 0, &Error{Code: "22P02", Message: "invalid input syntax for type real: " + quoted(a.Text)}
	case err != nil || !(percent >= 0 && percent <= 100):
		return 0, &Error{Code: "2202H", Message: "sample percentage must be between 0 and 100"}
	}
	return float32(percent), nil
}

func unknownShare() *Error {
	return refused("tablesample", "cordon: the size of a sample is a constant in this version", "Write the percentage as a number, or use WHERE random() < 0.01.")
}

// text is the subquery of a sample: materialized, so that it is drawn once however often the query around it comes back to it.
func (s *sample) text(rows string) string {
	return "WITH cordon_sample AS MATERIALIZED (SELECT * FROM (" + rows + ") cordon_rows" + s.condition() + ") SELECT * FROM cordon_sample"
}

// condition is true of a row with the share's probability: the hash of a random UUID is any int8 alike.
func (s *sample) condition() string {
	switch s.percent {
	case 0:
		return " WHERE false"
	case 100:
		return ""
	}
	below := math.Ldexp(float64(s.percent)/100-0.5, 64)
	return " WHERE pg_catalog.uuid_hash_extended(pg_catalog.gen_random_uuid(), 0) OPERATOR(pg_catalog.<) " + quoteLiteral(strconv.FormatInt(int64(below), 10)) + "::pg_catalog.int8"
}
