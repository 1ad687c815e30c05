package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// orderedCall is an aggregate or window function and its arguments.
type orderedCall struct {
	node *pg.Node // the call in the statement
	call *pg.FuncCall
	name string
	args []boundExpr
}

// unordered are the aggregates whose result does not depend on the order of their input, unless they sum floats.
var unordered = map[string]bool{"count": true, "sum": true, "avg": true, "min": true, "max": true, "bool_and": true, "bool_or": true, "every": true,
	"bit_and": true, "bit_or": true, "bit_xor": true, "stddev": true, "stddev_pop": true, "stddev_samp": true, "variance": true, "var_pop": true, "var_samp": true,
	"corr": true, "covar_pop": true, "covar_samp": true, "regr_avgx": true, "regr_avgy": true, "regr_count": true, "regr_intercept": true, "regr_r2": true,
	"regr_slope": true, "regr_sxx": true, "regr_sxy": true, "regr_syy": true, "range_agg": true, "range_intersect_agg": true}

// sums are those of them that add up. Sums of floats depend on the order of what is added, and not in the last digits only: 1e20 - 1e20 + 1 is 1 or 0.
var sums = map[string]bool{"sum": true, "avg": true, "stddev": true, "stddev_pop": true, "stddev_samp": true, "variance": true, "var_pop": true, "var_samp": true}

// orderless says that a call's result does not depend on the order of its input.
func (c orderedCall) orderless() bool {
	if !unordered[c.name] {
		return false
	}
	floats := len(c.args) == 2 && c.name != "regr_count" // corr, regr_slope and their like have no other form
	for _, arg := range c.args {
		floats = floats || sums[c.name] && (arg.in.typ == 0 && !isGiven(arg.node) || isFloat(arg.in.typ))
	}
	return !floats
}

func isFloat(typ uint32) bool { return typ == oidFloat4 || typ == oidFloat8 }

// exactly has a window's sum of floats computed in numeric, whose sums are exact.
func (c orderedCall) exactly() bool {
	if !sums[c.name] || !isFloat(c.args[0].in.typ) {
		return false
	}
	result := "float8"
	if c.name == "sum" && c.args[0].in.typ == oidFloat4 {
		result = "float4"
	}
	c.call.Args[0] = castTo(castTo(c.call.Args[0], "float8"), "numeric")
	c.node.Node = castTo(&pg.Node{Node: c.node.Node}, result).Node
	return true
}

// remember notes an aggregate or a window function for the SELECT that it belongs to.
func (b *binder) remember(n *pg.Node, f *pg.FuncCall, name string, args []boundExpr, sc *scope) {
	owner := sc.owner
	if f.Over == nil {
		owner = b.levelOf(&pg.Node{Node: &pg.Node_FuncCall{FuncCall: f}}, sc)
	}
	if owner == nil {
		return
	}
	owner.grouped = owner.grouped || f.Over == nil
	owner.calls = append(owner.calls, orderedCall{n, f, name, args})
}

// rememberJSON notes JSON_ARRAYAGG or JSON_OBJECTAGG, which are no calls to the grammar.
func (b *binder) rememberJSON(n *pg.Node, c *pg.JsonAggConstructor, value boundExpr, sc *scope) {
	owner := sc.owner
	if c.Over == nil {
		owner = b.levelOf(n, sc)
	}
	if owner == nil {
		return
	}
	owner.grouped = owner.grouped || c.Over == nil
	owner.json = append(owner.json, jsonCall{c, n.GetJsonArrayAgg() != nil, value})
}

// jsonCall is an aggregate of the grammar's SQL/JSON.
type jsonCall struct {
	constructor *pg.JsonAggConstructor
	array       bool // JSON_ARRAYAGG, which takes an ORDER BY
	value       boundExpr
}

// hideInJSON sorts the input of an aggregate of SQL/JSON.
func (b *binder) hideInJSON(sel *pg.SelectStmt, c jsonCall, sc *scope) error {
	if c.constructor.Over == nil && len(c.constructor.AggOrder) == 0 && b.takesOrder(sel, sc) {
		return nil
	}
	if c.constructor.Over != nil || !c.array {
		return refused("hidden-order", "cordon: the order of rows is hidden here, and SQL/JSON's aggregates cannot all be given one",
			"Write json_object_agg or json_agg with ORDER BY, or aggregate a subquery that is ordered.")
	}
	var keys sortKeys
	b.addKeys(&keys, c.value)
	appendSort(&c.constructor.AggOrder, keys.nodes())
	return nil
}

// levelOf is the SELECT that an aggregate belongs to: the innermost of whose columns it reads one, or its own (check_agg_arguments in parse_agg.c).
func (b *binder) levelOf(aggregate *pg.Node, sc *scope) *selectScope {
	read := map[*selectScope]bool{}
	b.walk(aggregate, func(n *pg.Node) {
		if it := b.owners[n.GetColumnRef()]; it != nil && n.GetColumnRef() != nil {
			read[it.owner] = true
		}
	})
	for s := sc; s != nil; s = s.parent {
		if s.owner != nil && read[s.owner] {
			return s.owner
		}
	}
	return sc.owner
}

// hideInCalls makes the aggregates and window functions of a SELECT independent of the order of its rows.
func (b *binder) hideInCalls(sel *pg.SelectStmt, sc *scope) error {
	for _, c := range sc.owner.calls {
		if c.call.Over != nil {
			if err := b.hideInWindow(sel, sc, c); err != nil {
				return err
			}
			continue
		}
		if c.orderless() || c.call.AggDistinct || c.call.AggWithinGroup || len(c.call.AggOrder) == 0 && b.takesOrder(sel, sc) {
			continue
		}
		var keys sortKeys
		for _, arg := range c.args {
			if sums[c.name] && isFloat(arg.in.typ) { // -0 and 0 add the same
				keys.add(rankOther, b.copyOf(arg.node))
				continue
			}
			b.addKeys(&keys, arg)
		}
		appendSort(&c.call.AggOrder, keys.nodes())
	}
	for _, c := range sc.owner.json {
		if err := b.hideInJSON(sel, c, sc); err != nil {
			return err
		}
	}
	return nil
}
