package rewrite

import pg "github.com/pganalyze/pg_query_go/v5"

// outputName is the name that Postgres gives a select item without AS (FigureColnameInternal in parse_target.c).
func outputName(target *pg.ResTarget) string {
	if target.GetName() != "" {
		return target.GetName()
	}
	if name, _ := figureName(target.GetVal()); name != "" {
		return name
	}
	return "?column?"
}

// figureName returns a name and its strength: 2 for a column or function name, 1 for what a cast or keyword suggests.
func figureName(n *pg.Node) (string, int) {
	switch x := n.GetNode().(type) {
	case *pg.Node_ColumnRef:
		if name := lastString(x.ColumnRef.Fields); name != "" {
			return name, 2
		}
	case *pg.Node_AIndirection:
		if name := lastString(x.AIndirection.Indirection); name != "" {
			return name, 2
		}
		return figureName(x.AIndirection.Arg)
	case *pg.Node_FuncCall:
		return lastString(x.FuncCall.Funcname), 2
	case *pg.Node_AExpr:
		if x.AExpr.Kind == pg.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif", 2
		}
	case *pg.Node_TypeCast:
		if name, strength := figureName(x.TypeCast.Arg); strength > 1 {
			return name, strength
		}
		return lastString(x.TypeCast.TypeName.GetNames()), 1
	case *pg.Node_CollateClause:
		return figureName(x.CollateClause.Arg)
	case *pg.Node_CaseExpr:
		if name, strength := figureName(x.CaseExpr.Defresult); strength > 1 {
			return name, strength
		}
		return "case", 1
	case *pg.Node_SubLink:
		return figureSubLink(x.SubLink)
	}
	return keywordName(n)
}

func figureSubLink(s *pg.SubLink) (string, int) {
	switch s.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		return "exists", 2
	case pg.SubLinkType_ARRAY_SUBLINK:
		return "array", 2
	case pg.SubLinkType_EXPR_SUBLINK:
		stmt := s.Subselect.GetSelectStmt()
		for stmt.GetLarg() != nil {
			stmt = stmt.Larg
		}
		if len(stmt.GetTargetList()) > 0 {
			target := stmt.TargetList[0].GetResTarget()
			if target.GetName() != "" {
				return target.Name, 2
			}
			return figureName(target.GetVal())
		}
	}
	return "", 0
}

var valueFunctionNames = map[pg.SQLValueFunctionOp]string{
	pg.SQLValueFunctionOp_SVFOP_CURRENT_DATE:        "current_date",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME:        "current_time",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N:      "current_time",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:   "current_timestamp",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIME:           "localtime",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIME_N:         "localtime",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP:      "localtimestamp",
	pg.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:    "localtimestamp",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:        "current_role",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_USER:        "current_user",
	pg.SQLValueFunctionOp_SVFOP_USER:                "user",
	pg.SQLValueFunctionOp_SVFOP_SESSION_USER:        "session_user",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:     "current_catalog",
	pg.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:      "current_schema",
}

// xmlNames are those that columns get of SQL/XML functions; IS DOCUMENT gives none (FigureColnameInternal in parse_target.c).
var xmlNames = map[pg.XmlExprOp]string{
	pg.XmlExprOp_IS_XMLCONCAT: "xmlconcat", pg.XmlExprOp_IS_XMLELEMENT: "xmlelement", pg.XmlExprOp_IS_XMLFOREST: "xmlforest",
	pg.XmlExprOp_IS_XMLPARSE: "xmlparse", pg.XmlExprOp_IS_XMLPI: "xmlpi", pg.XmlExprOp_IS_XMLROOT: "xmlroot",
}

func keywordName(n *pg.Node) (string, int) {
	switch x := n.GetNode().(type) {
	case *pg.Node_GroupingFunc:
		return "grouping", 2
	case *pg.Node_AArrayExpr:
		return "array", 2
	case *pg.Node_RowExpr:
		return "row", 2
	case *pg.Node_CoalesceExpr:
		return "coalesce", 2
	case *pg.Node_MinMaxExpr:
		if x.MinMaxExpr.Op == pg.MinMaxOp_IS_GREATEST {
			return "greatest", 2
		}
		return "least", 2
	case *pg.Node_SqlvalueFunction:
		return valueFunctionNames[x.SqlvalueFunction.Op], 2
	case *pg.Node_XmlExpr:
		return xmlNames[x.XmlExpr.Op], 2
	case *pg.Node_XmlSerialize:
		return "xmlserialize", 2
	case *pg.Node_JsonObjectConstructor:
		return "json_object", 2
	case *pg.Node_JsonArrayConstructor, *pg.Node_JsonArrayQueryConstructor:
		return "json_array", 2
	case *pg.Node_JsonObjectAgg:
		return "json_objectagg", 2
	case *pg.Node_JsonArrayAgg:
		return "json_arrayagg", 2
	}
	return "", 0
}

// lastString is the last identifier of a name; empty if it ends in a star or a subscript.
func lastString(fields []*pg.Node) string {
	for i := len(fields) - 1; i >= 0; i-- {
		if s := fields[i].GetString_(); s != nil {
			return s.Sval
		}
		if fields[i].GetAStar() != nil {
			return ""
		}
	}
	return ""
}

// splitName separates a qualified name of at most three parts: database, schema, name.
func splitName(fields []*pg.Node) (parts []string, star bool) {
	for _, f := range fields {
		if f.GetAStar() != nil {
			return parts, true
		}
		parts = append(parts, f.GetString_().GetSval())
	}
	return parts, false
}

func nameNodes(parts ...string) []*pg.Node {
	nodes := make([]*pg.Node, len(parts))
	for i, p := range parts {
		nodes[i] = pg.MakeStrNode(p)
	}
	return nodes
}
