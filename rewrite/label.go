package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/builtin"
)

// label says whether a value is clear or sealed: a raw identifier of a domain, which the proxy replaces by its pseudonym in the messages
// to the client. The binder leaves a value sealed only in the uses that builtin.SealedUses names.
type label struct {
	seal Seal // zero: clear
	// sources are the columns that the value may come from.
	sources []*source
}

// source is a column of one reference to a table, and how the statement reads it: raw at first; where a value of it is asked for, the
// statement is bound again.
type source struct {
	typ     masking.Type
	mode    sourceMode
	wanted  bool // this binding asked for the pseudonym
	equated bool // and left it raw in a comparison or a grouping, which an index or a cheap key may serve
}

// sourceMode says how a statement reads a pseudonymised column.
type sourceMode byte

const (
	readRaw    sourceMode = iota
	readPlaced            // raw, with the SQL form at the places that ask for it
	readClear             // in SQL form everywhere
)

// next is how the statement's next binding reads the column.
func (s *source) next() {
	switch {
	case s.wanted && s.equated && s.mode == readRaw:
		s.mode = readPlaced
	case s.wanted:
		s.mode = readClear
	}
	s.wanted, s.equated = false, false
}

// Seal names the cipher of a sealed value: the domain, and the type, int4, int8, uuid or text, that decides on the cipher within it.
type Seal struct {
	Domain string
	Type   uint32 // pg_type.oid
	Array  bool   // of the members of an array
}

// Fits says whether the cipher takes the values of a type, or the members of an array type.
func (s Seal) Fits(typ uint32) bool {
	if s.Array {
		return typ == sealedArrays[s.Type] || s.Type == oidText && typ == oidVarcharArray
	}
	return asText(typ) == s.Type
}

func (l label) sealed() bool { return l.seal != Seal{} }

// sealOf is the seal of a column of a type.
func sealOf(domain string, typ masking.Type) Seal {
	return Seal{Domain: domain, Type: asText(typ.OID)}
}

// reveal asks for the value itself instead of the raw identifier, unless the closed table says that the use may have it raw.
func (b *binder) reveal(l *label, use string) {
	if !l.sealed() || b.probing || builtin.SealedUses[use] != 0 {
		return
	}
	for _, source := range l.sources {
		source.wanted = true
	}
	b.again = true
	*l = label{}
}

// revealAt reveals the value of an expression, by the SQL form at this place if its columns are read so.
func (b *binder) revealAt(n *pg.Node, l *label, use string) {
	if !l.sealed() || b.probing || builtin.SealedUses[use] != 0 {
		return
	}
	if b.placeable(n, l) {
		b.place(n, l)
		*l = label{}
		return
	}
	b.reveal(l, use)
}

// equate notes that values are compared or grouped raw.
func equate(labels ...label) {
	for _, l := range labels {
		for _, source := range l.sources {
			source.equated = true
		}
	}
}

// passed is the label of what a use makes of a value.
func (b *binder) passed(l label, use string) label {
	b.reveal(&l, use)
	switch builtin.SealedUses[use] {
	case builtin.Passes:
		return l
	case builtin.Collects:
		l.seal.Array = l.sealed()
		return l
	}
	return label{}
}

// meet is the label of values that are compared with one another, or of which one is chosen: that of both, or clear.
func (b *binder) meet(l, r label, use string) label {
	if l.seal == r.seal {
		b.reveal(&l, use)
		b.reveal(&r, use)
		return label{seal: l.seal, sources: slices.Concat(l.sources, r.sources)}
	}
	b.reveal(&l, "two labels")
	b.reveal(&r, "two labels")
	if l.sealed() { // where the table is broken
		return l
	}
	return r
}

// revealAll asks for the values of columns, a whole row's.
func (b *binder) revealAll(columns []*column, use string) {
	for _, c := range columns {
		b.reveal(&c.label, use)
	}
}
