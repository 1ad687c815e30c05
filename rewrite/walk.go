package rewrite

import (
	"reflect"
	"strings"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Statements are walked many times while they are planned. What a kind of node holds is looked up once, in its Go type: protobuf's own
// reflection takes several times as long.

// holding is how a field of a node holds what it does.
type holding uint8

const (
	holdsValue    holding = iota // a number, a name, an enum, a list of numbers
	holdsPlace                   // a position in the text
	holdsMessage                 // a pointer to a message
	holdsMessages                // a list of them
	holdsOne                     // one of several messages or values (oneof): an interface, of a struct with one field
)

type field struct {
	index int
	holds holding
	nodes bool // the messages are *pg.Node
}

var layouts sync.Map // reflect.Type of a message, a struct -> []field

var nodeType = reflect.TypeFor[*pg.Node]()

// layoutOf are the fields of a message.
func layoutOf(t reflect.Type) []field {
	if known, ok := layouts.Load(t); ok {
		return known.([]field)
	}
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		held := field{index: i}
		switch {
		case f.Type.Kind() == reflect.Interface:
			held.holds = holdsOne
		case f.Type.Kind() == reflect.Pointer:
			held.holds, held.nodes = holdsMessage, f.Type == nodeType
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Pointer:
			held.holds, held.nodes = holdsMessages, f.Type.Elem() == nodeType
		case f.Type.Kind() == reflect.Int32 && isPlace(f.Tag.Get("protobuf")):
			held.holds = holdsPlace
		}
		fields = append(fields, held)
	}
	layouts.Store(t, fields)
	return fields
}

// isPlace says by its protobuf tag that a number is a position in the text.
func isPlace(tag string) bool {
	_, name, _ := strings.Cut(tag, "name=")
	name, _, _ = strings.Cut(name, ",")
	return name == "location" || name == "stmt_location" || name == "stmt_len" || strings.HasSuffix(name, "_location")
}

// walkNodes visits every node below and including n, each before what is below it.
func walkNodes(n *pg.Node, visit func(*pg.Node)) {
	visit(n)
	if held := n.GetNode(); held != nil {
		walkMessage(reflect.ValueOf(held).Elem().Field(0), visit)
	}
}

// walkMessage visits the nodes below a message, given by a pointer.
func walkMessage(m reflect.Value, visit func(*pg.Node)) {
	nearestNodes(m, func(n *pg.Node) { walkNodes(n, visit) })
}

// nearestNodes visits the nodes below a message, given by a pointer, that are not below another node of it.
func nearestNodes(m reflect.Value, visit func(*pg.Node)) {
	if m.IsNil() {
		return
	}
	m = m.Elem()
	for _, f := range layoutOf(m.Type()) {
		switch held := m.Field(f.index); {
		case f.holds == holdsMessage && f.nodes && !held.IsNil():
			visit(held.Interface().(*pg.Node))
		case f.holds == holdsMessage && !held.IsNil():
			nearestNodes(held, visit)
		case f.holds == holdsMessages && f.nodes:
			for _, n := range *held.Addr().Interface().(*[]*pg.Node) {
				visit(n)
			}
		case f.holds == holdsMessages:
			for i := range held.Len() {
				nearestNodes(held.Index(i), visit)
			}
		case f.holds == holdsOne && !held.IsNil():
			if one := held.Elem().Elem().Field(0); one.Kind() == reflect.Pointer {
				nearestNodes(one, visit)
			}
		}
	}
}

// sameTree compares two trees but for the places in the text that their nodes stand at.
func sameTree(a, b *pg.Node) bool { return comparison(nil).same(a, b) }

// comparison compares trees; it says which references are of one column although they are written otherwise, nil for none.
type comparison func(a, b *pg.ColumnRef) bool

func (is comparison) same(a, b *pg.Node) bool {
	return is.sameMessage(reflect.ValueOf(a), reflect.ValueOf(b))
}

// sameMessage compares two messages of one type, given by pointers.
func (is comparison) sameMessage(a, b reflect.Value) bool {
	if a.IsNil() || b.IsNil() {
		return a.IsNil() == b.IsNil()
	}
	if is != nil {
		if ref, ok := a.Interface().(*pg.ColumnRef); ok && is(ref, b.Interface().(*pg.ColumnRef)) {
			return true
		}
	}
	a, b = a.Elem(), b.Elem()
	for _, f := range layoutOf(a.Type()) {
		if f.holds != holdsPlace && !is.sameField(f, a.Field(f.index), b.Field(f.index)) {
			return false
		}
	}
	return true
}

func (is comparison) sameField(f field, a, b reflect.Value) bool {
	switch f.holds {
	case holdsMessage:
		return is.sameMessage(a, b)
	case holdsMessages:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !is.sameMessage(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	case holdsOne:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		a, b = a.Elem(), b.Elem()
		if a.Type() != b.Type() {
			return false
		}
		one, other := a.Elem().Field(0), b.Elem().Field(0)
		if one.Kind() == reflect.Pointer {
			return is.sameMessage(one, other)
		}
		return sameValue(one, other)
	}
	return sameValue(a, b)
}

// sameValue compares what is no message.
func sameValue(a, b reflect.Value) bool {
	if a.Kind() != reflect.Slice {
		return a.Equal(b)
	}
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if !a.Index(i).Equal(b.Index(i)) {
			return false
		}
	}
	return true
}

// anyName finds a name of the tree for which is holds, and the message that has it; nil where there is none. Constants are not names.
func anyName(message reflect.Value, is func(string) bool) (name string, holder proto.Message) {
	if message.IsNil() || message.Type() == reflect.TypeFor[*pg.A_Const]() {
		return "", nil
	}
	m := message.Elem()
	for _, f := range layoutOf(m.Type()) {
		held := m.Field(f.index)
		if f.holds == holdsOne && !held.IsNil() {
			held = held.Elem().Elem().Field(0)
		}
		switch {
		case held.Kind() == reflect.String && is(held.String()):
			return held.String(), message.Interface().(proto.Message)
		case held.Kind() == reflect.Pointer:
			name, holder = anyName(held, is)
		case f.holds == holdsMessages:
			for i := 0; i < held.Len() && holder == nil; i++ {
				name, holder = anyName(held.Index(i), is)
			}
		}
		if holder != nil {
			return name, holder
		}
	}
	return "", nil
}

var fieldsOf sync.Map // protoreflect.FullName -> []protoreflect.FieldDescriptor

// messageFields are the fields of a message that hold messages, looked up once.
func messageFields(d protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	if known, ok := fieldsOf.Load(d.FullName()); ok {
		return known.([]protoreflect.FieldDescriptor)
	}
	var found []protoreflect.FieldDescriptor
	for i := range d.Fields().Len() {
		if f := d.Fields().Get(i); f.Kind() == protoreflect.MessageKind {
			found = append(found, f)
		}
	}
	fieldsOf.Store(d.FullName(), found)
	return found
}
