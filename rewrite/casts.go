package rewrite

import (
	"fmt"
	"slices"

	"github.com/cordon-db/cordon/rewrite/catalog"
)

// Casts of people's own run functions that nobody reviewed, wherever a value of their source type meets their target type. One whose
// function the policy lists under functions is like a built-in one.

// foreignCasts are the other casts, between types that a masked session can name.
func (tw *twin) foreignCasts() ([]*catalog.Cast, error) {
	var found []*catalog.Cast
	for _, c := range tw.snapshot.Casts {
		if f, ok := tw.snapshot.FunctionByOID(c.Function); ok && tw.lists(f) || !tw.admitsType(c.Target) {
			continue
		}
		if c.Implicit && c.Source < catalog.FirstUserOID && tw.admitsType(c.Source) {
			return nil, fmt.Errorf("an implicit cast from %s to %s was made, whose function would run unseen: drop it, or list its function under functions",
				tw.typeNames([]uint32{c.Source})[0], tw.typeNames([]uint32{c.Target})[0])
		}
		found = append(found, c)
	}
	return found, nil
}

// castsUnseen says whether a value of a type could be converted without a cast that the binder sees: columns of it are not shown.
func (tw *twin) castsUnseen(typ uint32) bool {
	return slices.ContainsFunc(tw.casts, func(c *catalog.Cast) bool {
		return c.Implicit && (c.Source == typ || c.Source == tw.snapshot.Elem(typ))
	})
}

// castRuns says whether a written cast could run a function of people's own; from is 0 where it is not derived.
func (tw *twin) castRuns(from, to uint32) bool {
	return slices.ContainsFunc(tw.casts, func(c *catalog.Cast) bool { return tw.castMeets(c, from, to) })
}

func (tw *twin) castMeets(c *catalog.Cast, from, to uint32) bool {
	if c.Target != to && c.Target != tw.snapshot.Elem(to) {
		return false
	}
	return from == 0 || from == c.Source || tw.snapshot.Elem(from) == c.Source
}

// castByFunction notes the listed functions that a written cast could run.
func (b *binder) castByFunction(from, to uint32) {
	for _, c := range b.env.twin.snapshot.Casts {
		if f, ok := b.env.twin.snapshot.FunctionByOID(c.Function); ok && b.env.twin.castMeets(c, from, to) {
			b.callsVolatile(f)
		}
	}
}
