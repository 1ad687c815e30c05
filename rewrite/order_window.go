package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Options of a window's frame (FRAMEOPTION_* in nodes/parsenodes.h).
const (
	frameNonDefault      = 0x00001
	frameRange           = 0x00002
	frameRows            = 0x00004
	frameBetween         = 0x00010
	frameFromFirst       = 0x00020 // START_UNBOUNDED_PRECEDING
	frameToLast          = 0x00100 // END_UNBOUNDED_FOLLOWING
	frameFromCurrent     = 0x00200 // START_CURRENT_ROW
	frameToCurrent       = 0x00400 // END_CURRENT_ROW
	frameExclusions      = 0x08000 | 0x10000 | 0x20000
	frameWhole           = frameNonDefault | frameRange | frameBetween | frameFromFirst | frameToLast
	framePeersExclusions = 0x10000 | 0x20000
	frameWholeExtent     = frameFromFirst | frameToLast
	frameGroups          = 0x00008
)

// byPeers are the window functions that treat rows alike that tie.
var byPeers = map[string]bool{"rank": true, "dense_rank": true, "percent_rank": true, "cume_dist": true}

// byPosition are those that go by the place of a row in its partition, whatever the frame.
var byPosition = map[string]bool{"row_number": true, "ntile": true, "lag": true, "lead": true}

// hideInWindow gives a window function a window of its own, in which no two rows that differ tie.
func (b *binder) hideInWindow(sel *pg.SelectStmt, sc *scope, c orderedCall) error {
	w, err := flatWindow(c.call.Over, sel.WindowClause)
	if err != nil {
		return b.at(err, c.call.Over.Location)
	}
	rows := w.FrameOptions&frameRows != 0
	whole := w.FrameOptions&frameWholeExtent == frameWholeExtent
	switch {
	case byPeers[c.name]:
		return nil
	case c.orderless() && (!rows || whole && w.FrameOptions&framePeersExclusions == 0):
		return nil
	}
	keys, err := b.rowKeys(sel, sc)
	if err != nil {
		return err
	}
	if b.spend(len(keys.nodes()) * (1 + len(w.PartitionClause) + len(w.OrderClause))); b.exhausted() != nil {
		return b.exhausted()
	}
	missing := b.notIn(keys.nodes(), w)
	if len(missing) == 0 {
		return nil
	}
	if len(w.OrderClause) == 0 && !rows && w.FrameOptions&frameExclusions == 0 && w.FrameOptions&frameGroups == 0 {
		w.FrameOptions = frameWhole // all rows are peers
	}
	if c.name == "last_value" && w.FrameOptions&frameToCurrent != 0 || c.name == "first_value" && w.FrameOptions&frameFromCurrent != 0 {
		ofPeers(w, rows)
	}
	if !byPosition[c.name] && !survivesKeys(c.name, w.FrameOptions) {
		if !rows && c.exactly() {
			return nil
		}
		return b.at(refused("hidden-order", "cordon: "+c.name+" here depends on the order of rows that tie, which is hidden",
			"Add a column that no two rows share to the window's ORDER BY, or write its frame with ROWS."), c.call.Location)
	}
	w = b.copyOf(&pg.Node{Node: &pg.Node_WindowDef{WindowDef: w}}).GetWindowDef()
	appendSort(&w.OrderClause, missing)
	c.call.Over = w
	return nil
}

// ofPeers makes a frame that ends with a row's peers, from whose end a value is taken, a partition of these peers.
func ofPeers(w *pg.WindowDef, rows bool) {
	if rows || w.FrameOptions&frameExclusions != 0 {
		return
	}
	w.PartitionClause = slices.Clone(w.PartitionClause)
	for _, n := range w.OrderClause {
		w.PartitionClause = append(w.PartitionClause, n.GetSortBy().GetNode())
	}
	w.OrderClause, w.FrameOptions, w.StartOffset, w.EndOffset = nil, frameWhole, nil, nil
}

// survivesKeys says that what a function of the frame means does not change when no rows tie any longer.
func survivesKeys(name string, frame int32) bool {
	if frame&framePeersExclusions != 0 {
		return false
	}
	if frame&frameRows != 0 || frame&frameWholeExtent == frameWholeExtent {
		return true
	}
	return name == "first_value" && frame&frameFromFirst != 0 && frame&frameToCurrent != 0 || name == "last_value" && frame&frameToLast != 0 && frame&frameFromCurrent != 0
}

// notIn leaves those keys that a window does not sort or partition by already.
func (b *binder) notIn(keys []*pg.Node, w *pg.WindowDef) (missing []*pg.Node) {
	var has []*pg.Node
	has = append(has, w.PartitionClause...)
	for _, n := range w.OrderClause {
		has = append(has, n.GetSortBy().GetNode())
	}
	for _, key := range keys {
		found := false
		for _, n := range has {
			found = found || b.sameColumn(key, n)
		}
		if !found {
			missing = append(missing, key)
		}
	}
	return missing
}

// sameColumn says that a key, a reference that cordon made, is the column that an expression of the statement is.
func (b *binder) sameColumn(key, n *pg.Node) bool {
	ref, c := n.GetColumnRef(), b.refs[n.GetColumnRef()]
	if ref == nil || c == nil || key.GetColumnRef() == nil {
		return sameTree(key, n)
	}
	fields := key.GetColumnRef().Fields
	return lastString(fields) == c.name && b.owners[ref] != nil && len(fields) == 2 && fields[0].GetString_().GetSval() == b.owners[ref].emit
}

// flatWindow is a window without references to named ones (transformWindowDefinitions in parse_clause.c). Its clauses are the statement's own nodes.
func flatWindow(over *pg.WindowDef, clause []*pg.Node) (*pg.WindowDef, error) {
	if over.Name != "" { // OVER name: the named window itself
		i := namedWindow(over.Name, clause)
		if i < 0 {
			return nil, &Error{Code: "42704", Message: "window " + quoted(over.Name) + " does not exist"}
		}
		return basedWindow(clause[i].GetWindowDef(), clause[:i])
	}
	return basedWindow(over, clause)
}

// basedWindow puts into a window what it takes from the one that it is based on.
func basedWindow(def *pg.WindowDef, clause []*pg.Node) (*pg.WindowDef, error) {
	w := &pg.WindowDef{PartitionClause: def.PartitionClause, OrderClause: def.OrderClause, FrameOptions: def.FrameOptions, StartOffset: def.StartOffset, EndOffset: def.EndOffset}
	if def.Refname == "" {
		return w, nil
	}
	i := namedWindow(def.Refname, clause)
	if i < 0 {
		return nil, &Error{Code: "42704", Message: "window " + quoted(def.Refname) + " does not exist"}
	}
	base, err := basedWindow(clause[i].GetWindowDef(), clause[:i])
	if err != nil {
		return nil, err
	}
	w.PartitionClause = base.PartitionClause
	if len(base.OrderClause) > 0 {
		w.OrderClause = base.OrderClause
	}
	return w, nil
}

func namedWindow(name string, clause []*pg.Node) int {
	return slices.IndexFunc(clause, func(n *pg.Node) bool { return n.GetWindowDef().GetName() == name })
}
