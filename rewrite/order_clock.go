package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// What a function answers anew at each row tells in which order the server came upon the rows: the clock, and random numbers, since who sees some of them can
// work out the generator's state, and so the sequence.

// clocks are built-in functions that read a clock, or draw from the generator that can be worked out.
var clocks = map[string]bool{"clock_timestamp": true, "timeofday": true, "uuidv7": true, "random_normal": true, "array_shuffle": true, "array_sample": true}

// unpredictable has random() drawn from the server's cryptographic generator, by 48 bits of a UUID, where the order of rows is hidden.
func (b *binder) unpredictable(n *pg.Node, f *pg.FuncCall) (info, bool, error) {
	switch {
	case !b.env.twin.hides || f.Over != nil || f.AggFilter != nil || f.AggStar || f.AggDistinct:
		return info{}, false, nil
	case len(f.Args) > 0:
		b.clock = "random"
		return info{}, false, nil
	}
	return info{typ: oidFloat8}, true, b.applyTemplate(n, drawn, nil)
}

const drawn = "('x'::pg_catalog.text OPERATOR(pg_catalog.||) pg_catalog.left(pg_catalog.replace(pg_catalog.gen_random_uuid()::pg_catalog.text, '-'::pg_catalog.text, ''::pg_catalog.text), 12))" +
	"::pg_catalog.bit(48)::pg_catalog.int8::pg_catalog.float8 OPERATOR(pg_catalog./) 281474976710656::pg_catalog.float8"

// callsVolatile notes functions of people's own that may be clocks, as uuid_generate_v1() is: those that are not declared to answer alike at each row.
func (b *binder) callsVolatile(functions ...*catalog.Function) {
	for _, f := range functions {
		if f.Volatility == 'v' {
			b.clock = dotted(f.Schema, f.Name)
		}
	}
}

// hideClock refuses a statement that reads a clock, or folds texts, beside rows whose order is hidden.
func (b *binder) hideClock() error {
	switch {
	case b.hiding == 0:
		return nil
	case b.folds != "":
		return refuseFolding(b.folds)
	case b.clock == "":
		return nil
	}
	return refused("hidden-order", "cordon: "+b.clock+" could tell in which order the rows are read, which is hidden",
		"Use now() or statement_timestamp(), random() or gen_random_uuid(), or call it in a statement of its own. A listed function that answers alike at each row can be declared STABLE.")
}
