package rewrite

import (
	"slices"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/masking"
)

// What is compared with a raw identifier and is no parameter that the proxy could unseal is unsealed on the server, by the inverse of the SQL form: the
// identifier stays raw, so its index serves. That holds for VALUES, unnest and subqueries, and for constants where no Bind message is sent: in PREPARE,
// DECLARE, COPY, and strings of several statements.

// unsealMark begins the marks of the inverse forms: of an expression, cordon_v.cordon_x, and of an array of them.
const unsealMark = "cordon_unseal_"

// maxInverses bounds them in a statement: each is a subquery to plan. What is compared with more is revealed.
const maxInverses = 32

// unsealedForm is an inverse form that stands at a place.
type unsealedForm struct {
	name   string
	domain string
	typ    masking.Type
	array  bool
}

// unsealInSQL puts the inverse form of an operand in its place. It says false, and changes nothing, where the operand is of a type that the cipher does not
// take, or what it means would change inside a subquery.
func (b *binder) unsealInSQL(n *pg.Node, of *info, array bool, operand *info) bool {
	typ, ok := cipherType(of.label)
	if b.probing || !ok || len(b.inverses) >= maxInverses || operand.label.sealed() || operand.collate != "" && operand.collate != of.collate || !b.movable(n) || !b.settleType(n, of.label.seal, array, operand) {
		return false
	}
	n.Node = scalar(b.inverse(typ, of.label, array, selectOfValue(n)))
	operand.literal, operand.typ = false, of.label.seal.Type
	if array {
		operand.typ = sealedArrays[of.label.seal.Type]
		n.Node = castToArray(n, operand.typ).Node // or = ANY ((SELECT ...)) would be read as the subquery's rows
	}
	operand.origin = Origin{}
	b.unsealed[n] = *operand
	return true
}

// unsealColumn makes the one column of a subquery, which a raw identifier is compared with, the values of its pseudonyms.
func (b *binder) unsealColumn(sub *pg.SelectStmt, column info, of *info) bool {
	typ, ok := cipherType(of.label)
	if b.probing || !ok || column.label.sealed() || column.collate != "" && column.collate != of.collate || !slices.Contains(takesParam[of.label.seal.Type][1:], column.typ) {
		return false
	}
	inner := moveSelect(sub)
	outer := b.inverse(typ, of.label, false, inner)
	sub.Reset()
	sub.TargetList, sub.FromClause, sub.LimitOption, sub.Op = outer.TargetList, outer.FromClause, outer.LimitOption, outer.Op
	return true
}

// cipherType is the type of the columns that sealed values come from, if there is one and the values are no arrays.
func cipherType(l label) (masking.Type, bool) {
	if l.seal.Array {
		return masking.Type{}, false
	}
	for _, source := range l.sources {
		if source.typ != l.sources[0].typ {
			return masking.Type{}, false
		}
	}
	if len(l.sources) == 0 {
		return masking.Type{}, false
	}
	return l.sources[0].typ, true
}

// movable says that an expression means the same inside a subquery: a column, a scalar subquery, or what reads no column, always has the same value, and is
// neither an aggregate nor a set. A larger expression over columns might stand in GROUP BY, where the server would not find it in a subquery.
func (b *binder) movable(n *pg.Node) bool {
	if n.GetColumnRef() != nil {
		return b.bareColumn(n)
	}
	if n.GetSubLink() != nil {
		return n.GetSubLink().SubLinkType == pg.SubLinkType_EXPR_SUBLINK
	}
	reads := false
	b.walk(n, func(node *pg.Node) {
		reads = reads || node.GetColumnRef() != nil || node.GetSubLink() != nil || node.GetGroupingFunc() != nil || node.GetJsonArrayAgg() != nil || node.GetJsonObjectAgg() != nil
	})
	return !reads && !b.returnsSet(n) && b.steady(n) == nil
}

// settleType gives a literal or parameter the type that it takes from what it is compared with, and says whether the cipher takes the operand's.
func (b *binder) settleType(n *pg.Node, seal Seal, array bool, operand *info) bool {
	want := seal.Type
	if array {
		want = sealedArrays[seal.Type]
	}
	switch {
	case operand.literal && array:
		n.Node = castToArray(n, want).Node
	case operand.literal:
		n.Node = castTo(&pg.Node{Node: n.Node}, pgTypeNames[want]).Node
	case array:
		return operand.typ == want
	case n.GetAConst().GetFval() != nil && seal.Type == oidInt8: // an int8 that is no int4
		if _, err := strconv.ParseInt(n.GetAConst().GetFval().Fval, 10, 64); err != nil {
			return false
		}
	default:
		return slices.Contains(takesParam[seal.Type][1:], operand.typ)
	}
	return true
}

// pgTypeNames are the names of the ciphers' types.
var pgTypeNames = map[uint32]string{oidInt4: "int4", oidInt8: "int8", oidUUID: "uuid", oidText: "text"}

// castToArray casts to one of sealedArrays.
func castToArray(n *pg.Node, typ uint32) *pg.Node {
	for element, array := range sealedArrays {
		if array == typ {
			cast := castTo(&pg.Node{Node: n.Node}, pgTypeNames[element])
			cast.GetTypeCast().TypeName.ArrayBounds = []*pg.Node{pg.MakeIntNode(-1)}
			return cast
		}
	}
	return n
}

// inverse is SELECT <inverse form> FROM (inner) cordon_v(cordon_x); the form is a mark, since its text is long.
func (b *binder) inverse(typ masking.Type, l label, array bool, inner *pg.SelectStmt) *pg.SelectStmt {
	name := unsealMark + itoa(len(b.inverses)+1)
	b.inverses = append(b.inverses, unsealedForm{name, l.seal.Domain, typ, array})
	return formOver(name, inner)
}

// text is what the mark stands for.
func (u unsealedForm) text(f forms) (string, error) {
	if !u.array {
		return f.unseal(u.domain, u.typ, placedValue)
	}
	element, err := f.unseal(u.domain, u.typ, "cordon_u.cordon_x")
	return "CASE WHEN " + placedValue + " IS NULL THEN NULL ELSE ARRAY(SELECT " + element + " FROM pg_catalog.unnest(" + placedValue + ") cordon_u(cordon_x)) END", err
}
