package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const schemasQuery = `
SELECT n.oid, n.nspname::text FROM pg_catalog.pg_namespace n WHERE ` + lasting

const typesQuery = `
SELECT t.oid, n.nspname::text, t.typname::text, t.typtype::text, t.typcategory::text, t.typelem, t.typarray, t.typbasetype, t.typrelid,
  array(SELECT pg_catalog.pg_get_constraintdef(c.oid) FROM pg_catalog.pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c' ORDER BY c.oid),
  coalesce(r.rngsubtype, 0), coalesce(r.rngcanonical OPERATOR(pg_catalog.=) 0 AND r.rngsubopc OPERATOR(pg_catalog.<) 16384, false),
  coalesce(pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname), '')
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_collation co ON co.oid = t.typcollation AND co.collname OPERATOR(pg_catalog.<>) 'default'
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid OR r.rngmultitypid = t.oid
WHERE ` + lasting + ` ORDER BY t.oid`

const functionsQuery = `
SELECT p.oid, n.nspname::text, p.proname::text, p.proargtypes::oid[], p.proargnames, p.proallargtypes, p.proargmodes::text[],
  p.pronargdefaults, p.provariadic, p.prokind::text, p.proretset, p.prorettype, p.provolatile::text, p.prolang = 12
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE ` + lasting + ` ORDER BY p.oid`

const operatorsQuery = `
SELECT o.oid, n.nspname::text, o.oprname::text, o.oprleft, o.oprright, o.oprresult, o.oprcode::oid
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE ` + lasting + ` ORDER BY o.oid`

const castsQuery = `
SELECT c.castsource, c.casttarget, c.castfunc, c.castcontext = 'i' FROM pg_catalog.pg_cast c
WHERE c.castmethod = 'f' AND c.oid >= 16384 ORDER BY c.oid`

const implicitQuery = `SELECT c.castsource, c.casttarget FROM pg_catalog.pg_cast c WHERE c.castcontext = 'i' AND c.oid >= 16384 ORDER BY c.oid`

const extensionsQuery = `
SELECT e.extname::text, array(` + membersQuery + ` d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass ORDER BY d.objid),
  array(` + membersQuery + ` d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass ORDER BY d.objid)
FROM pg_catalog.pg_extension e ORDER BY e.extname::text COLLATE "C"`

const membersQuery = `SELECT d.objid FROM pg_catalog.pg_depend d WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass
  AND d.refobjid OPERATOR(pg_catalog.=) e.oid AND d.deptype = 'e' AND`

func readExtensions(ctx context.Context, tx pgx.Tx, f *facts) error {
	var e Extension
	return each(ctx, tx, extensionsQuery, []any{&e.Name, &e.Functions, &e.Operators}, func() error {
		found := e
		if len(found.Functions) == 0 {
			found.Functions = nil // as Read has it
		}
		if len(found.Operators) == 0 {
			found.Operators = nil
		}
		f.Extensions = append(f.Extensions, &found)
		e.Functions, e.Operators = nil, nil
		return nil
	})
}

func readCasts(ctx context.Context, tx pgx.Tx, f *facts) error {
	var c Cast
	return each(ctx, tx, castsQuery, []any{&c.Source, &c.Target, &c.Function, &c.Implicit}, func() error {
		found := c
		f.Casts = append(f.Casts, &found)
		return nil
	})
}

func readImplicit(ctx context.Context, tx pgx.Tx, f *facts) error {
	var source, target uint32
	return each(ctx, tx, implicitQuery, []any{&source, &target}, func() error {
		f.Implicit = append(f.Implicit, [2]uint32{source, target})
		return nil
	})
}

func readSchemas(ctx context.Context, tx pgx.Tx, f *facts) error {
	var n Schema
	return each(ctx, tx, schemasQuery, []any{&n.OID, &n.Name}, func() error {
		found := n
		f.Schemas = append(f.Schemas, &found)
		return nil
	})
}

func readTypes(ctx context.Context, tx pgx.Tx, f *facts) error {
	var t Type
	var kind, category string
	dest := []any{&t.OID, &t.Schema, &t.Name, &kind, &category, &t.Elem, &t.Array, &t.Base, &t.Relation, &t.Checks, &t.Subtype, &t.Plain, &t.Collation}
	return each(ctx, tx, typesQuery, dest, func() error {
		found := t
		if t.Checks = nil; len(found.Checks) == 0 {
			found.Checks = nil
		}
		found.Kind, found.Category = kind[0], category[0]
		f.Types = append(f.Types, &found)
		return nil
	})
}

func readFunctions(ctx context.Context, tx pgx.Tx, f *facts) error {
	var fn Function
	var names, modes []string
	var all []uint32
	var kind, volatility string
	dest := []any{&fn.OID, &fn.Schema, &fn.Name, &fn.Args, &names, &all, &modes,
		&fn.Defaults, &fn.Variadic, &kind, &fn.Set, &fn.Result, &volatility, &fn.Internal}
	return each(ctx, tx, functionsQuery, dest, func() error {
		found := fn
		found.Kind, found.Volatility, found.Names = kind[0], volatility[0], names
		out, err := outputs(names, modes, all)
		if err != nil {
			return fmt.Errorf("function %s.%s: %w", fn.Schema, fn.Name, err)
		}
		found.Out = out
		if len(found.Args) == 0 {
			found.Args = nil // as Read has it
		}
		f.Functions = append(f.Functions, &found)
		fn.Args, names, all, modes = nil, nil, nil, nil
		return nil
	})
}

// outputs picks the OUT, INOUT and TABLE arguments; an argument without a name has the name "column" and its number in FROM.
func outputs(names, modes []string, types []uint32) ([]Field, error) {
	if modes == nil || types == nil { // types may be missing where the only special argument is variadic
		return nil, nil
	}
	if len(modes) != len(types) {
		return nil, fmt.Errorf("%d modes for %d arguments", len(modes), len(types))
	}
	var out []Field
	for i, mode := range modes {
		if mode != "o" && mode != "b" && mode != "t" {
			continue
		}
		field := Field{Type: types[i]}
		if i < len(names) {
			field.Name = names[i]
		}
		if field.Name == "" {
			field.Name = fmt.Sprintf("column%d", len(out)+1)
		}
		out = append(out, field)
	}
	return out, nil
}

func readOperators(ctx context.Context, tx pgx.Tx, f *facts) error {
	var o Operator
	dest := []any{&o.OID, &o.Schema, &o.Name, &o.Left, &o.Right, &o.Result, &o.Function}
	return each(ctx, tx, operatorsQuery, dest, func() error {
		found := o
		f.Operators = append(f.Operators, &found)
		return nil
	})
}
