package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"
)

// jsonExpr binds the SQL/JSON constructors of the grammar.
func (b *binder) jsonExpr(n *pg.Node, sc *scope) (info, error) {
	var output *pg.JsonOutput
	var nodes []*pg.Node
	var aggregate *pg.JsonAggConstructor
	switch x := n.GetNode().(type) {
	case *pg.Node_JsonObjectConstructor:
		output, nodes = x.JsonObjectConstructor.Output, x.JsonObjectConstructor.Exprs
	case *pg.Node_JsonArrayConstructor:
		output, nodes = x.JsonArrayConstructor.Output, x.JsonArrayConstructor.Exprs
	case *pg.Node_JsonKeyValue:
		return b.unsafeExprs(sc, x.JsonKeyValue.Key, x.JsonKeyValue.Value.GetRawExpr())
	case *pg.Node_JsonValueExpr:
		return b.unsafeExprs(sc, x.JsonValueExpr.RawExpr)
	case *pg.Node_JsonIsPredicate:
		in, err := b.exprs([]*pg.Node{x.JsonIsPredicate.Expr}, sc)
		return typed(in, err, oidBool, false)
	case *pg.Node_JsonObjectAgg:
		aggregate = x.JsonObjectAgg.Constructor
		nodes = []*pg.Node{x.JsonObjectAgg.Arg.GetKey(), x.JsonObjectAgg.Arg.GetValue().GetRawExpr()}
	case *pg.Node_JsonArrayAgg:
		aggregate = x.JsonArrayAgg.Constructor
		nodes = []*pg.Node{x.JsonArrayAgg.Arg.GetRawExpr()}
	default:
		return info{}, refused("unknown-syntax", "cordon: an expression of this statement is not understood", "Write it with ordinary functions and operators.")
	}
	if aggregate != nil {
		return b.jsonAggregate(n, aggregate, nodes, sc)
	}
	return b.jsonOutput(output, nodes, sc)
}

func (b *binder) jsonAggregate(n *pg.Node, c *pg.JsonAggConstructor, nodes []*pg.Node, sc *scope) (info, error) {
	if sc.owner != nil {
		sc.owner.aggregates++
		defer func() { sc.owner.aggregates-- }()
	}
	if err := b.window(c.Over, sc); err != nil {
		return info{}, err
	}
	for _, o := range c.AggOrder {
		nodes = append(nodes, o.GetSortBy().GetNode())
		if err := b.sortOperator(o.GetSortBy()); err != nil {
			return info{}, err
		}
	}
	if c.AggFilter != nil {
		if _, err := b.rootExpr(c.AggFilter, sc, true); err != nil {
			return info{}, err
		}
	}
	in, err := b.jsonOutput(c.Output, nodes, sc)
	if err != nil {
		return info{}, err
	}
	// What the values are is not looked at: they are sorted by their texts.
	b.rememberJSON(n, c, boundExpr{node: n.GetJsonArrayAgg().GetArg().GetRawExpr()}, sc)
	return in, nil
}

func (b *binder) jsonOutput(output *pg.JsonOutput, nodes []*pg.Node, sc *scope) (info, error) {
	if output != nil {
		if _, err := b.typeName(output.TypeName); err != nil {
			return info{}, err
		}
	}
	return b.unsafeExprs(sc, nodes...)
}
