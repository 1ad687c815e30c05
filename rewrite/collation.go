package rewrite

import (
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
	if !found.Deterministic && b.env.twin.hides {
		return "", refused("forbidden-collation", "cordon: collation "+quoted(name)+" takes texts that differ for equal, and which of them is shown would tell the order of rows",
			"Use a deterministic collation, or compare lower(...).")
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
