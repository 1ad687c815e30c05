package rewrite

import (
	"fmt"

	pg "github.com/pganalyze/pg_query_go/v5"
)

func (p *planner) execute(stmt *pg.Node, x *pg.ExecuteStmt) (*Plan, error) {
	for _, n := range x.Params {
		if err := admitQuery(n); err != nil {
			return nil, err
		}
	}
	if named := p.state.prepared[x.Name]; named != nil && named.Params != nil && named.follows == nil {
		return p.executeByValue(x, named)
	}
	bound, err := bindScalars(p.env, x.Params)
	if err != nil {
		return nil, err
	}
	text, err := emit(stmt, bound.marks)
	if err != nil {
		return nil, err
	}
	named := p.state.prepared[x.Name]
	if named == nil { // or one of cordon's own, or one that is being prepared, whose parameters are not the client's to give
		return nil, &Error{Code: "26000", Message: "prepared statement " + quoted(x.Name) + " does not exist"}
	}
	if named.Kind != KindQuery || named.follows != nil { // it would change behind cordon's back what names mean, or give the rows of another
		return nil, refused("prepared-by-protocol", "cordon: EXECUTE of a statement that is not a query, which the protocol prepared, is not in this version", "Run it by the protocol.")
	}
	plan := &Plan{SQL: text, Kind: KindQuery, Name: x.Name, Columns: []Origin{}, Opaque: bound.opaque}
	return p.inherit(plan, named, p.stamp.path)
}

// notByValue refuses what cannot be run by binding values: EXECUTE beside other statements, prepared itself, or with arguments that the server would
// have to evaluate before they are unsealed.
func notByValue() *Error {
	return refused("prepared-by-protocol", "cordon: of a statement that the protocol prepared and that compares identifiers with its parameters, only EXECUTE with constants, alone in its query, is in this version",
		"Write constants, as strings where their types differ; or run it by the protocol, or PREPARE it in SQL.")
}

// executeByValue plans an EXECUTE whose values the proxy unseals and binds: it needs them as values.
func (p *planner) executeByValue(x *pg.ExecuteStmt, named *Plan) (*Plan, error) {
	if named.Kind != KindQuery || !p.unseals {
		return nil, notByValue()
	}
	want := clientParams(named.Params)
	if want == 0 { // what is given to none is not looked at (ExecuteQuery in prepare.c)
		x.Params = nil
	}
	if len(x.Params) != want {
		return nil, &Error{Code: "42601", Message: "wrong number of parameters for prepared statement " + quoted(x.Name),
			Detail: fmt.Sprintf("Expected %d parameters but got %d.", want, len(x.Params))}
	}
	plan := &Plan{Kind: KindQuery, Name: x.Name, Columns: []Origin{}, Arguments: make([]Argument, len(x.Params))}
	for i, n := range x.Params {
		var err error
		if plan.Arguments[i], err = p.argument(n); err != nil {
			return nil, err
		}
	}
	return p.inherit(plan, named, p.stamp.path)
}

// clientParams is how many parameters the client's own statement has.
func clientParams(params []Param) int {
	n := 0
	for _, p := range params {
		n = max(n, p.From)
	}
	return n
}

// argument reads a constant, cast or not.
func (p *planner) argument(n *pg.Node) (Argument, error) {
	cast := n.GetTypeCast()
	if cast == nil {
		return literal(n)
	}
	typ, err := newBinder(p.env).typeName(cast.TypeName)
	if err != nil {
		return Argument{}, err
	}
	a, err := literal(cast.Arg)
	if err != nil || len(cast.TypeName.Typmods) > 0 {
		return Argument{}, notByValue()
	}
	a.Cast = typ
	return a, nil
}
