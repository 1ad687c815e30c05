package rewrite

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Bounds of the plan cache: at most maxPlans entries of texts of at most maxCachedText bytes.
const (
	maxPlans      = 2000
	maxCachedText = 64 << 10
)

// planKey is all that the plan of a text depends on, the database being the Rewriter's own.
type planKey struct {
	text   string
	params string
	simple bool // of a Query message, whose parameters are the server's to refuse
	stamp  stamp
}

// planCache keeps plans of queries; errors and what depends on a session's state are not kept.
type planCache struct{ plans *lru.Cache[planKey, *Plan] }

func newPlanCache() (*planCache, error) {
	plans, err := lru.New[planKey, *Plan](maxPlans)
	if err != nil {
		return nil, fmt.Errorf("plan cache: %w", err)
	}
	return &planCache{plans}, nil
}

func (c *planCache) get(key planKey) *Plan {
	plan, _ := c.plans.Get(key)
	return plan
}

func (c *planCache) add(key planKey, plan *Plan) {
	if len(key.text) <= maxCachedText && len(plan.SQL) <= 16*maxCachedText {
		c.plans.Add(key, plan)
	}
}
