package rewrite

// effect is what a statement does to the state that a session tracks; see searchpath.go.
type effect struct{}

// stamp is what a plan was made from: policy, catalog version, search_path.
type stamp struct{}
