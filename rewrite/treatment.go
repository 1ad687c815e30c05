package rewrite

import (
	"fmt"
	"strings"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// treatment is what the policy does to a column. A generated column is no better than what it reads, and a column of a
// type that names catalog objects is not shown at all.
func (tw *twin) treatment(rel *catalog.Relation, rule *config.Table, col *catalog.Column) config.Treatment {
	t, ok := rule.Columns[col.Name]
	switch {
	case ok && t.Kind == config.Null:
		return t
	case tw.namesObjects(col.Type.OID, 0), tw.castsUnseen(col.Type.OID):
		return config.Treatment{Kind: config.Hide}
	case ok:
		return t
	case !tw.policy.ShowColumns, len(tw.missing) > 0:
		return config.Treatment{Kind: config.Hide}
	}
	for _, num := range col.Reads {
		for i := range rel.Columns {
			source := &rel.Columns[i]
			if col.Generated && source.Num == num && source.Num != col.Num && tw.treatment(rel, rule, source).Kind != config.Show {
				return config.Treatment{Kind: config.Hide}
			}
		}
	}
	return config.Treatment{Kind: config.Show}
}

// namesObjects says whether a type is, contains or is a domain over reg* or a row that the twin does not have as it is (pitfall C7).
func (tw *twin) namesObjects(oid uint32, depth int) bool {
	t, ok := tw.snapshot.Types[oid]
	if !ok || depth > mostNested {
		return true
	}
	switch {
	case oid < catalog.FirstUserOID && builtin.RegType(t.Name):
		return true
	case t.Kind == 'c':
		return !tw.showsFields(t, depth+1)
	case t.Kind == 'd' && t.Base != 0:
		return tw.namesObjects(t.Base, depth+1)
	case t.Elem != 0 && t.Category == 'A':
		return tw.namesObjects(t.Elem, depth+1)
	}
	return false
}

func (tw *twin) exposeColumn(rel *catalog.Relation, col *catalog.Column, t config.Treatment) (exposedColumn, error) {
	ref := quoteIdent(rel.Name) + "." + quoteIdent(col.Name)
	ec := exposedColumn{name: col.Name, expr: ref, cast: col.Type.Name, collate: col.Type.Collation, typ: col.Type.OID, opaque: t.Kind != config.Null && tw.computes(rel, col)}
	var err error
	switch t.Kind {
	case config.Show:
		ec.origin = Origin{Table: rel.OID, Column: col.Num}
	case config.Null:
		ec.expr = "(SELECT " + masking.NullSQL(col.Type) + ")" // a subquery is not folded: the planner would evaluate, or leave out, what it does not on the twin
	case config.Mask:
		mask := t.Mask
		if mask.Kind == masking.MaskSQL {
			ec.opaque = true
			if mask.Expression, err = ofRowAlone(tw.snapshot, rel, mask.Expression); err != nil {
				return ec, err
			}
		}
		ec.expr, err = tw.forms.mask(mask, col.Type, ref)
	case config.Pseudonym:
		ec.expr, err = tw.forms.pseudonym(t.Domain, col.Type, ref)
		if plainCollations[joinCollations("", ec.collate)] { // of a non-deterministic one, equality is not that of the bytes
			ec.seal, ec.bare, ec.raw, ec.rawType = sealOf(t.Domain, col.Type), ref, Origin{Table: rel.OID, Column: col.Num}, col.Type
		}
		ec.cast = pseudonymType(col.Type)
	default:
		err = fmt.Errorf("unknown treatment %q", t.Kind)
	}
	return ec, err
}

// ofRowAlone is the text of a `sql` mask, qualified and proved to be a function of the row. COALESCE keeps a bare column in it from being
// announced as the origin of the value.
func ofRowAlone(snapshot *catalog.Snapshot, rel *catalog.Relation, expression string) (string, error) {
	text, _, err := qualifyFilter(snapshot, rel, expression)
	if err != nil {
		return "", fmt.Errorf("sql mask: %w", err)
	}
	return "COALESCE(" + text + ")", nil
}

// pseudonymType is the twin's type of a pseudonymised column: a varchar(n) has no length there.
func pseudonymType(t masking.Type) string {
	name, _, _ := strings.Cut(t.Name, "(")
	return name
}
