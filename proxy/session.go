package proxy

import (
	"context"

	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite"
)

// Session is what the machine needs of a rewriting session; *rewrite.Session is one. It is used under the machine's lock.
type Session interface {
	Query(ctx context.Context, text string) ([]*rewrite.Plan, error)
	Parse(ctx context.Context, text string, paramOIDs []uint32) (*rewrite.Plan, error)
	Current(ctx context.Context, plan *rewrite.Plan) error
	Tracks(plan *rewrite.Plan) bool
	Completed(plan *rewrite.Plan)
	Named(name string, plan *rewrite.Plan)
	Portal(name string)
	Cursor(name string) *rewrite.Plan
	Follows(plan *rewrite.Plan) bool
	Failed()
	Ready(status byte)
	ShowsOrigin(table uint32, column int16, seal rewrite.Seal) bool
	InForce() rewrite.InForce
	Cipher(seal rewrite.Seal) (*masking.Pseudonym, error)
	ForwardsNotification(channel string) bool
	ParameterStatus(name, value string) (string, bool)
}
