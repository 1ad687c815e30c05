package rewrite

import (
	"reflect"
	"strings"
	"testing"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// messageTypes are all the kinds of messages that a parse tree is made of.
func messageTypes(t *testing.T) (types []protoreflect.MessageType) {
	all := (&pg.Node{}).ProtoReflect().Descriptor().ParentFile().Messages()
	for i := range all.Len() {
		m, err := protoregistry.GlobalTypes.FindMessageByName(all.Get(i).FullName())
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, m)
	}
	return types
}

// another is a value of a field that is not its default: of a message, one with a node in it where it has a place for one.
func another(m protoreflect.Message, f protoreflect.FieldDescriptor) protoreflect.Value {
	single := func() protoreflect.Value {
		switch f.Kind() {
		case protoreflect.StringKind:
			return protoreflect.ValueOfString("cordon_x")
		case protoreflect.BoolKind:
			return protoreflect.ValueOfBool(true)
		case protoreflect.EnumKind:
			return protoreflect.ValueOfEnum(1)
		case protoreflect.Int32Kind:
			return protoreflect.ValueOfInt32(1)
		case protoreflect.Int64Kind:
			return protoreflect.ValueOfInt64(1)
		case protoreflect.Uint32Kind:
			return protoreflect.ValueOfUint32(1)
		case protoreflect.Uint64Kind:
			return protoreflect.ValueOfUint64(1)
		case protoreflect.DoubleKind:
			return protoreflect.ValueOfFloat64(1)
		case protoreflect.MessageKind:
			held := m.NewField(f)
			if f.IsList() {
				held = held.List().NewElement()
			}
			for _, g := range messageFields(held.Message().Descriptor()) {
				if g.Message().Name() == "Node" && !g.IsList() && f.Message().Name() != "Node" {
					held.Message().Set(g, held.Message().NewField(g))
					break
				}
			}
			return held
		}
		panic(f.Kind())
	}
	if !f.IsList() {
		return single()
	}
	list := m.NewField(f)
	list.List().Append(single())
	return list
}

// TestSameTreeSeesEveryField: two trees that differ in any field but a place in the text are not the same.
func TestSameTreeSeesEveryField(t *testing.T) {
	fields := 0
	for _, typ := range messageTypes(t) {
		for i := range typ.Descriptor().Fields().Len() {
			f := typ.Descriptor().Fields().Get(i)
			one, other := typ.New(), typ.New()
			one.Set(f, another(one, f))
			same := comparison(nil).sameMessage(reflect.ValueOf(one.Interface()), reflect.ValueOf(other.Interface()))
			back := comparison(nil).sameMessage(reflect.ValueOf(other.Interface()), reflect.ValueOf(one.Interface()))
			place := f.Kind() == protoreflect.Int32Kind && (strings.HasSuffix(string(f.Name()), "location") || f.Name() == "stmt_len")
			if same != back || same != place {
				t.Errorf("%s: same %v and %v", f.FullName(), same, back)
			}
			other.Set(f, another(other, f))
			if !comparison(nil).sameMessage(reflect.ValueOf(one.Interface()), reflect.ValueOf(other.Interface())) {
				t.Errorf("%s: equal values are not the same", f.FullName())
			}
			fields++
		}
	}
	if fields < 1000 {
		t.Errorf("%d fields looked at", fields)
	}
}

// TestWalkReachesEveryField: every field that holds nodes, or what holds some, is walked, and every one that holds a name is searched.
func TestWalkReachesEveryField(t *testing.T) {
	walked, searched := 0, 0
	for _, typ := range messageTypes(t) {
		for i := range typ.Descriptor().Fields().Len() {
			f := typ.Descriptor().Fields().Get(i)
			m := typ.New()
			m.Set(f, another(m, f))
			if f.Kind() == protoreflect.StringKind && typ.Descriptor().Name() != "A_Const" {
				if name, holder := anyName(reflect.ValueOf(m.Interface()), reservedName); holder == nil || name != "cordon_x" {
					t.Errorf("%s is not searched for names", f.FullName())
				}
				searched++
			}
			visited := 0
			if n, ok := m.Interface().(*pg.Node); ok {
				walkNodes(n, func(*pg.Node) { visited++ })
				visited-- // itself
			} else {
				walkMessage(reflect.ValueOf(m.Interface()), func(*pg.Node) { visited++ })
			}
			if want := nodesBelow(m); visited != want {
				t.Errorf("%s: %d nodes visited of %d", f.FullName(), visited, want)
			} else if want > 0 {
				walked++
			}
		}
	}
	if walked < 300 || searched < 50 {
		t.Errorf("%d fields with nodes, %d with names", walked, searched)
	}
}

// nodesBelow counts the nodes below a message by protobuf's own reflection.
func nodesBelow(m protoreflect.Message) (n int) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if f.Kind() != protoreflect.MessageKind {
			return true
		}
		below := []protoreflect.Message{}
		if f.IsList() {
			for i := range v.List().Len() {
				below = append(below, v.List().Get(i).Message())
			}
		} else {
			below = append(below, v.Message())
		}
		for _, held := range below {
			if held.Descriptor().Name() == "Node" {
				n++
			}
			n += nodesBelow(held)
		}
		return true
	})
	return n
}
