package rewrite

import (
	"slices"
	"strings"

	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

const oidNodeTree = 194

// systemResult is what a relation of pg_catalog or information_schema is in the twin.
type systemResult struct {
	exposed *exposed
	err     error
}

// relation finds a relation of the twin by its schema; nil if the twin has none of that name.
func (tw *twin) relation(schema, name string) (*exposed, error) {
	rel, ok := tw.snapshot.Relation(schema, name)
	if !ok {
		return nil, nil
	}
	if schema != "pg_catalog" && schema != "information_schema" {
		if e := tw.tables[rel.OID]; e != nil {
			return e, nil
		}
		return nil, tw.refusal(rel)
	}
	if r, ok := tw.system.Load(rel.OID); ok {
		return r.(systemResult).exposed, r.(systemResult).err
	}
	e, err := tw.systemRelation(rel)
	tw.system.Store(rel.OID, systemResult{e, err})
	return e, err
}

func forbiddenCatalog(schema, name string) *Error {
	return refused("forbidden-catalog", "cordon: "+schema+"."+name+" is not available in a masked session",
		"It tells about more than the data that this session sees. The catalogs that psql and drivers read are available.")
}

// systemRelation substitutes a catalog by the allow list (pitfall C7); views over catalogs are inlined like any other.
func (tw *twin) systemRelation(rel *catalog.Relation) (*exposed, error) {
	refusal := forbiddenCatalog(rel.Schema, rel.Name)
	if rel.OID >= catalog.FirstUserOID {
		return nil, refusal
	}
	if s, ok := builtin.System(rel.Schema, rel.Name); ok {
		return tw.exposeSystem(rel, s), nil
	}
	if rel.Schema == "pg_catalog" && rel.Name == "pg_authid" {
		return tw.roleNames(rel), nil
	}
	if rel.Kind != 'v' {
		return nil, refusal
	}
	e, err := tw.inline(rel)
	if err != nil {
		return nil, refusal
	}
	return e, nil
}

// exposeSystem applies an entry of the allow list to the columns that this server version has, in their order there.
func (tw *twin) exposeSystem(rel *catalog.Relation, s builtin.SystemRelation) *exposed {
	e := &exposed{relation: rel, filter: s.Where, filtered: s.Where != "", joins: s.Where != "" && readsRows(s.Where)}
	for i := range rel.Columns {
		col := &rel.Columns[i]
		listed := slices.IndexFunc(s.Columns, func(c builtin.SystemColumn) bool { return c.Name == col.Name })
		if listed < 0 {
			continue
		}
		c := s.Columns[listed]
		ec := exposedColumn{name: c.Name, expr: c.Expr, typ: col.Type.OID, cast: col.Type.Name, collate: col.Type.Collation, origin: Origin{Unknown: true}}
		switch t := tw.snapshot.Types[col.Type.OID]; {
		case ec.expr != "" && col.Type.OID == oidNodeTree && !strings.HasPrefix(ec.expr, "NULL"): // a key of package builtin's texts
			ec.typ, ec.cast, ec.collate = oidText, "pg_catalog.text", `pg_catalog."default"`
		case ec.expr != "":
		case t != nil && builtin.RegType(t.Name) && t.Category == 'A': // as below
			ec.expr, ec.typ, ec.cast = "r."+quoteIdent(c.Name)+"::pg_catalog.oid[]", oidOIDArray, "pg_catalog.oid[]"
		case t != nil && builtin.RegType(t.Name): // as a number: a literal that meets it must not be looked up
			ec.expr, ec.typ, ec.cast, ec.reg = "r."+quoteIdent(c.Name)+"::pg_catalog.oid", oidOID, "pg_catalog.oid", t.Name
		default:
			ec.expr = "r." + quoteIdent(c.Name)
			ec.origin = Origin{Table: rel.OID, Column: col.Num}
		}
		e.columns = append(e.columns, ec)
	}
	return e
}

// roleNames stands for pg_authid, which information_schema's views read under their owner's rights: names of roles alone, by way
// of pg_roles, which everybody may read.
func (tw *twin) roleNames(rel *catalog.Relation) *exposed {
	e := &exposed{relation: rel, source: "pg_catalog.pg_roles r"}
	for _, name := range []string{"oid", "rolname"} {
		if col, ok := rel.Column(name); ok {
			e.columns = append(e.columns, exposedColumn{name: name, expr: "r." + quoteIdent(name), cast: col.Type.Name, typ: col.Type.OID, origin: Origin{Unknown: true}})
		}
	}
	return e
}

// showsSystemOrigin is the second wall for catalogs: a bare column of the allow list.
func (tw *twin) showsSystemOrigin(table uint32, num int16) bool {
	rel, ok := tw.snapshot.RelationByOID(table)
	if !ok {
		return false
	}
	s, ok := builtin.System(rel.Schema, rel.Name)
	if !ok {
		return false
	}
	for _, c := range s.Columns {
		if col, ok := rel.Column(c.Name); ok && col.Num == num {
			return c.Expr == ""
		}
	}
	return false
}
