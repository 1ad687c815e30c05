package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
)

// boundExpr is an expression and what the binder derived of it.
type boundExpr struct {
	node *pg.Node
	in   info
}

// bound is an output column as an expression.
func (c *column) bound() boundExpr {
	return boundExpr{c.expr, info{typ: c.typ, label: c.label, collate: c.collate}}
}

// keyRank is the order in which keys are sorted by: the cheap ones first, and identifiers last.
type keyRank int

const (
	rankFixed keyRank = iota
	rankText
	rankOther
	rankSealed
	ranks
)

// sortKeys are keys by rank.
type sortKeys [ranks][]*pg.Node

func (k *sortKeys) add(rank keyRank, n *pg.Node) { k[rank] = append(k[rank], n) }

func (k *sortKeys) nodes() (all []*pg.Node) {
	for _, nodes := range k {
		all = append(all, nodes...)
	}
	return all
}

// fixedTypes are types whose values are sorted at little cost and are the same wherever they are equal: bool, "char", name, int8, int2, int4, oid, money,
// date, time, timestamp, timestamptz, timetz, uuid, macaddr, pg_lsn, inet, cidr.
var fixedTypes = map[uint32]bool{oidBool: true, 18: true, oidName: true, oidInt8: true, oidInt2: true, oidInt4: true, oidOID: true, 790: true, 1082: true,
	1083: true, 1114: true, oidTimestampTZ: true, 1266: true, oidUUID: true, 829: true, 3220: true, 869: true, 650: true}

// looseTypes can be sorted, but what is equal can differ, as 1.0 and 1.00 do: float4, float8, numeric, interval.
var looseTypes = map[uint32]bool{700: true, 701: true, oidNumeric: true, oidInterval: true}

// addKeys adds what a value is sorted by, so that values that differ do not tie.
func (b *binder) addKeys(keys *sortKeys, x boundExpr) {
	n := func() *pg.Node { return b.copyOf(x.node) }
	switch {
	case isGiven(x.node):
	case x.in.label.sealed():
		keys.add(rankSealed, b.orderKey(n(), &x.in.label))
	case fixedTypes[x.in.typ]:
		keys.add(rankFixed, n())
	case asText(x.in.typ) == oidText:
		keys.add(rankText, inBytes(n()))
	default:
		if looseTypes[x.in.typ] {
			keys.add(rankOther, n())
		}
		keys.add(rankOther, byImage(n()))
	}
}

// byImage sorts a value of any type, ordered or not, by its bytes as they are stored (record_image_cmp in rowtypes.c). Its text would not do: with
// extra_float_digits, or with DateStyle in a time zone that changed its offset and not its name, values that differ have the same.
func byImage(n *pg.Node) *pg.Node {
	row := &pg.RowExpr{Args: []*pg.Node{n}, RowFormat: pg.CoercionForm_COERCE_EXPLICIT_CALL}
	return &pg.Node{Node: &pg.Node_SortBy{SortBy: &pg.SortBy{Node: &pg.Node{Node: &pg.Node_RowExpr{RowExpr: row}},
		SortbyDir: pg.SortByDir_SORTBY_USING, SortbyNulls: pg.SortByNulls_SORTBY_NULLS_DEFAULT, UseOp: nameNodes("pg_catalog", "*<")}}}
}

// inBytes sorts a text by its bytes.
func inBytes(n *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_CollateClause{CollateClause: &pg.CollateClause{Arg: n, Collname: nameNodes("pg_catalog", "C")}}}
}

// seedMark begins the marks of the seeds of order keys.
const seedMark = "cordon_seed_"

// orderKey is what a raw identifier is sorted by: a keyed hash.
func (b *binder) orderKey(n *pg.Node, l *label) *pg.Node {
	domain := l.seal.Domain
	if b.env.twin.domains[domain].Order == config.OrderExact {
		if l.seal.Array {
			b.reveal(l, "ORDER BY")
		} else {
			b.place(n, l)
		}
		return n
	}
	b.seeds[domain] = true
	hash := masking.OrderHash(l.seal.Type)
	switch {
	case l.seal.Array:
		hash = "hash_array_extended"
	case l.seal.Type == oidText:
		n = inBytes(n)
	}
	seed := pg.MakeColumnRefNode(nameNodes(seedMark+domain), 0)
	call := pg.MakeFuncCallNode(nameNodes("pg_catalog", hash), []*pg.Node{n, seed}, 0)
	call.GetFuncCall().Funcformat = pg.CoercionForm_COERCE_EXPLICIT_CALL
	return call
}
