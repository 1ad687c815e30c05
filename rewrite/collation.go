package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// plainCollations are those by which text is compared byte by byte, or the database's own, which is deterministic.
var plainCollations = map[string]bool{"": true, `pg_catalog."C"`: true, `pg_catalog."POSIX"`: true}

// conflicting stands for the collation of an expression whose operands have two: the server raises when it comes to compare it.
const conflicting = "?"

// joinCollations is the collation of an expression made of two operands (merge_collation_state in parse_collate.c).
func joinCollations(l, r string) string {
	if l == `pg_catalog."default"` {
		l = ""
	}
	if r == `pg_catalog."default"` {
		r = ""
	}
	switch {
	case l == r, r == "":
		return l
	case l == "":
		return r
	}
	return conflicting
}

// collationOf is the collation that values of a type of people's own have of themselves: a domain may declare one. Of other types it is empty.
func (tw *twin) collationOf(oid uint32) string {
	if t, ok := tw.snapshot.Types[oid]; ok && oid >= catalog.FirstUserOID {
		return joinCollations("", t.Collation)
	}
	return ""
}

// folds says that values of a type, or of what it is made of, are compared by a collation that takes texts that differ for equal.
func (tw *twin) folds(oid uint32) bool { return tw.foldsIn(oid, 0) }

func (tw *twin) foldsIn(oid uint32, depth int) bool {
	t, ok := tw.snapshot.Types[oid]
	if !ok || oid < catalog.FirstUserOID {
		return false
	}
	if depth > mostNested || tw.foldingCollation(t.Collation) {
		return true
	}
	if rel, ok := tw.snapshot.RelationByOID(t.Relation); ok && slices.ContainsFunc(rel.Columns, func(c catalog.Column) bool {
		return tw.foldingCollation(c.Type.Collation) || tw.foldsIn(c.Type.OID, depth+1)
	}) {
		return true
	}
	return slices.ContainsFunc([]uint32{t.Base, t.Elem, t.Subtype}, func(inner uint32) bool { return tw.foldsIn(inner, depth+1) })
}

// foldingCollation says that a collation, as the catalog writes it, is not deterministic, or not known.
func (tw *twin) foldingCollation(name string) bool {
	if plainCollations[joinCollations("", name)] {
		return false
	}
	parts, err := catalog.SplitPath(dotsToCommas(name))
	if err != nil || len(parts) != 2 {
		return true
	}
	c, ok := tw.snapshot.Collation(parts[0], parts[1])
	return !ok || !c.Deterministic
}

// refuseFolding refuses what compares by a collation that is not deterministic, where the order of rows is hidden.
func refuseFolding(what string) error {
	return refused("forbidden-collation", "cordon: "+what+" takes texts that differ for equal, and which of them is shown would tell the order of rows",
		"Use a deterministic collation, or compare lower(...).")
}

// fold refuses what folds texts where identifiers' order is hidden; where only that of partitions is, in a statement that reads such a table.
func (b *binder) fold(what string) error {
	if b.env.twin.hidesKeys {
		return refuseFolding(what)
	}
	b.folds = what
	return nil
}

// collation finds what COLLATE names, qualifies what pg_catalog does not have, and gives it as info has it: empty for those of pg_catalog, by which texts that
// are equal are the same bytes.
func (b *binder) collation(c *pg.CollateClause) (string, error) {
	if c == nil {
		return "", nil
	}
	parts, _ := splitName(c.Collname)
	found, err := b.findCollation(parts)
	if err != nil {
		return "", b.at(err, c.Location)
	}
	name := parts[len(parts)-1]
	if !found.Deterministic {
		if err := b.fold("collation " + quoted(name)); err != nil {
			return "", err
		}
	}
	if found.Schema == "pg_catalog" && found.Deterministic {
		return "", nil
	}
	c.Collname = nameNodes(found.Schema, found.Name)
	return quoteIdent(found.Schema) + "." + quoteIdent(found.Name), nil
}

// findCollation looks a collation up in the schemas of the twin.
func (b *binder) findCollation(parts []string) (*catalog.Collation, error) {
	name, schemas := parts[len(parts)-1], b.env.path
	if len(parts) > 1 {
		schemas = parts[len(parts)-2 : len(parts)-1]
		if _, ok := b.env.twin.schema(schemas[0]); !ok {
			return nil, &Error{Code: "3F000", Message: "schema " + quoted(schemas[0]) + " does not exist"}
		}
	}
	for _, s := range schemas {
		if _, ok := b.env.twin.schema(s); !ok {
			continue
		}
		if c, ok := b.env.twin.snapshot.Collation(s, name); ok {
			return c, nil
		}
	}
	return nil, &Error{Code: "42704", Message: "collation " + quoted(dottedParts(parts)) + " for encoding \"UTF8\" does not exist"}
}
