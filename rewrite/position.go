package rewrite

import (
	"cmp"
	"errors"
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// An error is placed where the node is known that it is about, by the place in bytes that the parser left there; Session makes of it the position in characters that
// the client is told. The nodes that cordon makes itself, or takes from its own texts and from definitions of views, have no place, and no place that is known is replaced.

// statementStart is the place of what is refused of a statement as a whole.
const statementStart = -1

// at places an error of the binder.
func (b *binder) at(err error, location int32) error {
	if b.env.definition { // its nodes are of another text
		return err
	}
	return at(err, location)
}

func at(err error, location int32) error {
	if location <= 0 { // no expression and no name begins a statement
		return err
	}
	return placed(err, int(location)+1)
}

func placed(err error, place int) error {
	var e *Error
	if !errors.As(err, &e) || e.place != 0 || e.Position != 0 {
		return err
	}
	known := *e
	known.place = place
	return &known
}

// refusedAt places a refusal of cordon's own. The twin's own errors have a position only where Postgres gives them one.
func (b *binder) refusedAt(err error, n *pg.Node) error {
	if b.env.definition || !isOwnRefusal(err) {
		return err
	}
	return at(err, placeOf(n))
}

// isOwnRefusal says that an error is a refusal of something in a statement, not of its size.
func isOwnRefusal(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason != "" && !strings.HasPrefix(e.Code, "54")
}

// statementRefused places a refusal that is of no part of a statement.
func statementRefused(err error) error {
	if !isOwnRefusal(err) {
		return err
	}
	return placed(err, statementStart)
}

// positioned gives an error its position in the client's text. stmt is the statement that it is about.
func positioned(err error, text string, stmt *pg.RawStmt) error {
	var e *Error
	if !errors.As(err, &e) || e.place == 0 {
		return err
	}
	place := e.place - 1
	if e.place == statementStart {
		place = skipSpace(text, int(stmt.GetStmtLocation()))
	}
	if place > len(text) {
		return err
	}
	answer := *e
	answer.Position = utf8.RuneCountInString(text[:place]) + 1
	return &answer
}

var nodeKind = (&pg.Node{}).ProtoReflect().Descriptor().Oneofs().ByName("node")

// placeOf is where a node says that it is, or where its leftmost part is; 0 where neither is known.
func placeOf(n *pg.Node) int32 {
	if n.GetNode() == nil {
		return 0
	}
	m := n.ProtoReflect()
	return cmp.Or(locationOf(m.Get(m.WhichOneof(nodeKind)).Message()), leftmost(n))
}

// leftmost is the place where an expression begins (exprLocation in nodeFuncs.c).
func leftmost(n *pg.Node) int32 {
	var first int32
	walkLocations(n.ProtoReflect(), func(m protoreflect.Message, _ protoreflect.FieldDescriptor) {
		if l := locationOf(m); l > 0 && (first == 0 || l < first) {
			first = l
		}
	})
	return first
}

// leftmostOf is the place where the first of some expressions begins that has one.
func leftmostOf(nodes []*pg.Node) int32 {
	for _, n := range nodes {
		if l := leftmost(n); l > 0 {
			return l
		}
	}
	return 0
}

// withoutPlaces clears the places of a tree that was read from a text of cordon's own.
func withoutPlaces(n *pg.Node) *pg.Node {
	walkLocations(n.ProtoReflect(), func(m protoreflect.Message, location protoreflect.FieldDescriptor) { m.Clear(location) })
	return n
}

func locationField(m protoreflect.Message) protoreflect.FieldDescriptor {
	return m.Descriptor().Fields().ByName("location")
}

func locationOf(m protoreflect.Message) int32 {
	if f := locationField(m); f != nil && f.Kind() == protoreflect.Int32Kind {
		return int32(m.Get(f).Int())
	}
	return 0
}

// walkLocations visits every message at and below m that has a place.
func walkLocations(m protoreflect.Message, visit func(protoreflect.Message, protoreflect.FieldDescriptor)) {
	if f := locationField(m); f != nil && f.Kind() == protoreflect.Int32Kind {
		visit(m, f)
	}
	for _, f := range messageFields(m.Descriptor()) {
		switch {
		case !m.Has(f):
		case f.IsList():
			for i := range m.Get(f).List().Len() {
				walkLocations(m.Get(f).List().Get(i).Message(), visit)
			}
		default:
			walkLocations(m.Get(f).Message(), visit)
		}
	}
}
