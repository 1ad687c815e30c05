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
	case *pg.Node_JsonArrayQueryConstructor:
		return b.jsonArrayQuery(n, x.JsonArrayQueryConstructor, sc)
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

// jsonArrayQuery binds JSON_ARRAY(SELECT ..) as ARRAY(SELECT ..) and writes it as Postgres does, as a subquery with JSON_ARRAYAGG
// (transformJsonArrayQueryConstructor in parse_expr.c): the deparser leaves out the space before FORMAT and RETURNING.
func (b *binder) jsonArrayQuery(n *pg.Node, x *pg.JsonArrayQueryConstructor, sc *scope) (info, error) {
	if _, err := b.jsonOutput(x.Output, nil, sc); err != nil {
		return info{}, err
	}
	in, err := b.subLink(&pg.SubLink{SubLinkType: pg.SubLinkType_ARRAY_SUBLINK, Subselect: x.Query, Location: x.Location}, sc)
	if err != nil {
		return info{}, err
	}
	aggregate := &pg.JsonArrayAgg{
		Constructor:  &pg.JsonAggConstructor{Output: x.Output},
		Arg:          &pg.JsonValueExpr{Format: x.Format},
		AbsentOnNull: x.AbsentOnNull,
	}
	form := formOver("", x.Query.GetSelectStmt())
	aggregate.Arg.RawExpr = pg.MakeColumnRefNode(nameNodes("cordon_v", "cordon_x"), 0)
	form.TargetList = []*pg.Node{pg.MakeResTargetNodeWithNameAndVal("json_array", &pg.Node{Node: &pg.Node_JsonArrayAgg{JsonArrayAgg: aggregate}}, 0)}
	n.Node = scalar(form)
	return typed(info{filtered: in.filtered}, nil, 0, false)
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
