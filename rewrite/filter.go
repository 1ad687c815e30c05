package rewrite

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// qualifyFilter makes a row filter or `sql` mask over the rows of rel independent of the session: relations, types, functions and operators outside
// pg_catalog are schema-qualified as everybody's search_path resolves them, and nothing in it may depend on time or settings
// (pitfall C3). mayRaise says that an error with a raw value in its message cannot be excluded.
func qualifyFilter(snapshot *catalog.Snapshot, rel *catalog.Relation, filter string) (text string, mayRaise bool, err error) {
	const head = "SELECT 1 WHERE "
	tree, err := pg.Parse(head + "(" + filter + "\n)")
	if err != nil {
		return "", false, err
	}
	if len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt().GetWhereClause() == nil {
		return "", false, fmt.Errorf("not one expression: %s", filter)
	}
	path := append([]string{"pg_catalog"}, catalog.ParsePath(snapshot.SearchPathOf(""), "")...)
	ctes := map[string]bool{}
	walkNodes(tree.Stmts[0].Stmt, func(n *pg.Node) {
		if cte := n.GetCommonTableExpr(); cte != nil {
			ctes[cte.Ctename] = true
		}
	})
	walkNodes(tree.Stmts[0].Stmt, func(n *pg.Node) {
		if err != nil {
			return
		}
		switch x := n.GetNode().(type) {
		case *pg.Node_RangeVar:
			err = qualifyFilterRelation(snapshot, path, ctes, x.RangeVar)
		case *pg.Node_TypeCast:
			err = qualifyFilterType(snapshot, path, x.TypeCast.TypeName)
		}
		mayRaise = mayRaise || !quietNode(n) || readsVirtual(snapshot, rel, n)
	})
	if err == nil {
		err = checkImmutable(snapshot, path, rel, tree.Stmts[0].Stmt.GetSelectStmt().GetWhereClause())
	}
	if err != nil {
		return "", false, err
	}
	text, err = pg.Deparse(tree)
	if err != nil {
		return "", false, err
	}
	return strings.TrimPrefix(text, head), mayRaise, nil
}

func qualifyFilterRelation(snapshot *catalog.Snapshot, path []string, ctes map[string]bool, rv *pg.RangeVar) error {
	if rv.Schemaname != "" || ctes[rv.Relname] {
		return nil
	}
	rel, ok := snapshot.Resolve(path, rv.Relname)
	if !ok {
		return fmt.Errorf("relation %q does not exist", rv.Relname)
	}
	rv.Schemaname = rel.Schema
	if rv.Alias == nil {
		rv.Alias = &pg.Alias{Aliasname: rv.Relname}
	}
	return nil
}

func qualifyFilterType(snapshot *catalog.Snapshot, path []string, name *pg.TypeName) error {
	parts, _ := splitName(name.GetNames())
	oid, ok := typeOf(snapshot, path, &pg.TypeName{Names: name.GetNames()})
	if !ok {
		return fmt.Errorf("type %s does not exist", parts[len(parts)-1])
	}
	if t := snapshot.Types[oid]; len(parts) == 1 && t.Schema != "pg_catalog" {
		name.Names = nameNodes(t.Schema, t.Name)
	}
	return nil
}

// readsRows says that a condition has a subquery: IN and EXISTS become joins, and what reads the table may be evaluated before them.
func readsRows(condition string) (found bool) {
	tree, err := pg.Parse("SELECT 1 WHERE " + condition)
	if err != nil {
		return true
	}
	for _, stmt := range tree.Stmts {
		walkNodes(stmt.Stmt, func(n *pg.Node) { found = found || n.GetSubLink() != nil || n.GetJsonArrayQueryConstructor() != nil })
	}
	return found
}

// quietOperators never raise on values of one type class.
var quietOperators = map[string]bool{"=": true, "<>": true, "<": true, ">": true, "<=": true, ">=": true}

// quietNode says that a node of a row filter cannot raise with a value of the row in the message.
func quietNode(n *pg.Node) bool {
	switch x := n.GetNode().(type) {
	case *pg.Node_AExpr:
		return quietOperators[lastString(x.AExpr.Name)]
	case *pg.Node_TypeCast:
		return x.TypeCast.Arg.GetAConst() != nil
	case *pg.Node_FuncCall, *pg.Node_XmlExpr, *pg.Node_AIndirection, *pg.Node_JsonObjectConstructor, *pg.Node_JsonArrayConstructor, *pg.Node_JsonArrayQueryConstructor:
		return false
	case *pg.Node_SubLink:
		return x.SubLink.SubLinkType != pg.SubLinkType_EXPR_SUBLINK
	}
	return true
}

// cloneNode copies a subtree.
func cloneNode(n *pg.Node) *pg.Node { return proto.Clone(n).(*pg.Node) }
