package rewrite

import (
	"sync"

	pg "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// walkNodes visits every node below and including n, each before what is below it.
func walkNodes(n *pg.Node, visit func(*pg.Node)) { walkMessage(n.ProtoReflect(), visit) }

var nodeKind = (&pg.Node{}).ProtoReflect().Descriptor().Oneofs().ByName("node")

func walkMessage(m protoreflect.Message, visit func(*pg.Node)) {
	if n, ok := m.Interface().(*pg.Node); ok {
		visit(n)
		if f := m.WhichOneof(nodeKind); f != nil {
			walkMessage(m.Get(f).Message(), visit)
		}
		return
	}
	for _, f := range messageFields(m.Descriptor()) {
		if !m.Has(f) {
			continue
		}
		if !f.IsList() {
			walkMessage(m.Get(f).Message(), visit)
			continue
		}
		list := m.Get(f).List()
		for i := range list.Len() {
			walkMessage(list.Get(i).Message(), visit)
		}
	}
}

var fieldsOf sync.Map // protoreflect.FullName -> []protoreflect.FieldDescriptor

// messageFields are the fields of a message that hold messages. Statements are walked often, so they are looked up once.
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
