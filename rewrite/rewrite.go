package rewrite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	pg "github.com/pganalyze/pg_query_go/v5"

	"github.com/cordon-db/cordon/config"
	"github.com/cordon-db/cordon/masking"
	"github.com/cordon-db/cordon/rewrite/builtin"
	"github.com/cordon-db/cordon/rewrite/catalog"
)

// Options are what a Rewriter needs.
type Options struct {
	Config   *config.Config
	Database string
	Catalog  Catalog
	Master   []byte // the master key, from which the keys of the domains derive
	Log      *slog.Logger
}

// Catalog is what a Rewriter asks of a catalog.Source: the newest snapshot, nil where there is none yet, and one that is no older
// than the call.
type Catalog interface {
	Current() *catalog.Snapshot
	Refresh(ctx context.Context) (*catalog.Snapshot, error)
}

// Rewriter plans statements of the masked sessions of one database. It is safe for concurrent use.
type Rewriter struct {
	options Options
	cache   *planCache

	mu    sync.Mutex
	twins map[twinKey]*twin

	unread  bool     // texts are not read once more before they are sent: of tests alone, which write forms in short
	ciphers sync.Map // Seal to *masking.Pseudonym, on first use: the tables of an int4 cipher take half a megabyte
}

type twinKey struct {
	policy  string
	catalog uint64
}

// New makes a Rewriter.
func New(options Options) (*Rewriter, error) {
	if options.Config == nil || options.Catalog == nil {
		return nil, errors.New("rewrite: a configuration and a catalog are needed")
	}
	cache, err := newPlanCache()
	if err != nil {
		return nil, err
	}
	return &Rewriter{options: options, cache: cache, twins: map[twinKey]*twin{}}, nil
}

// maxTwins bounds how many policies and catalog versions are kept built.
const maxTwins = 16

// twin returns the twin in force for a user.
func (r *Rewriter) twin(user string) (*twin, stamp, error) {
	effective := r.options.Config.Effective(r.options.Database, user, time.Now())
	if effective == nil {
		return nil, stamp{}, refused("forbidden-database", "cordon: this database has no policy, so masked sessions are refused", "Ask for a section of the database in the policy.")
	}
	snapshot := r.options.Catalog.Current()
	if snapshot == nil {
		return nil, stamp{}, &Error{Code: "57P03", Reason: "no-catalog", Message: "cordon: the catalog of the upstream has not been read yet", Hint: "Try again in a moment."}
	}
	key := twinKey{effective.ID, snapshot.Version}
	r.mu.Lock()
	defer r.mu.Unlock()
	tw := r.twins[key]
	if tw == nil {
		var err error
		if tw, err = newTwin(effective.Database, r.options.Config.Domains, snapshot, sqlForms); err != nil {
			return nil, stamp{}, fmt.Errorf("policy of database %s: %w", r.options.Database, err)
		}
		if len(tw.missing) > 0 && r.options.Log != nil {
			r.options.Log.Error("the policy lists what the database lacks, so nothing unlisted is shown", "database", r.options.Database, "missing", tw.missing)
		}
		r.logExtensions(tw)
		if len(r.twins) >= maxTwins {
			clear(r.twins)
		}
		r.twins[key] = tw
	}
	return tw, stamp{policy: key.policy, catalog: key.catalog, user: user}, nil
}

// logExtensions says what the policy's extension.* does not mean, or means more of than it may seem.
func (r *Rewriter) logExtensions(tw *twin) {
	if r.options.Log == nil {
		return
	}
	for _, name := range tw.absentExtensions {
		r.options.Log.Warn("functions lists an extension that is not installed; a schema of that name is not meant", "database", r.options.Database, "extension", name)
	}
	for _, name := range tw.policy.Extensions {
		if risk := builtin.RiskyExtension(name); risk != "" {
			r.options.Log.Warn("functions lists an extension that reaches past the policy", "database", r.options.Database, "extension", name, "since", risk)
		}
	}
}

// keysOf derives the keys of the domains that a policy uses.
func (r *Rewriter) keysOf(policy *config.Database) (map[string]masking.Key, error) {
	keys := map[string]masking.Key{}
	for _, t := range policy.Tables {
		for _, c := range t.Columns {
			if c.Kind != config.Pseudonym {
				continue
			}
			key, err := masking.DeriveKey(r.options.Master, c.Domain)
			if err != nil {
				return nil, err
			}
			keys[c.Domain] = key
		}
	}
	return keys, nil
}

// cipher is that of a seal, which sessions share: the key of a domain never changes.
func (r *Rewriter) cipher(seal Seal, key masking.Key) (*masking.Pseudonym, error) {
	seal.Array = false
	if c, ok := r.ciphers.Load(seal); ok {
		return c.(*masking.Pseudonym), nil
	}
	made, err := masking.NewPseudonym(key, masking.Type{OID: seal.Type})
	if err != nil {
		return nil, fmt.Errorf("the cipher of domain %s: %w", seal.Domain, err)
	}
	c, _ := r.ciphers.LoadOrStore(seal, made)
	return c.(*masking.Pseudonym), nil
}

// planner plans one statement against an environment and a state.
type planner struct {
	env    *environment
	state  *state
	stamp  stamp
	log    *slog.Logger // nil: none
	unread bool
	// Queries may be executed sealed, and what is compared with identifiers may be sent as parameters.
	seals, unseals bool
}

func (r *Rewriter) planner(st *state, params SessionParams) (*planner, error) {
	tw, stamp, err := r.twin(params.User)
	if err != nil {
		return nil, err
	}
	stamp.path = st.setting()
	env := &environment{twin: tw, setting: stamp.path, user: params.User, database: params.Database, fixed: st.fixed, revealed: map[revealedColumn]*source{}, located: map[int]bool{}, renamed: map[int]bool{}}
	env.path = tw.pathOf(env.setting, env.user)
	return &planner{env: env, state: st, stamp: stamp, log: r.options.Log, unread: r.unread, seals: tw.policy.Sealed}, nil
}

// one plans one statement, a second time if the catalog was behind. parse gives a fresh tree: planning changes it.
func (r *Rewriter) one(ctx context.Context, st *state, params SessionParams, parameters []uint32, unseals bool, fresh func() *pg.Node) (*Plan, error) {
	p, err := r.planner(st, params)
	if err != nil {
		return nil, err
	}
	p.env.parameters, p.unseals = parameters, unseals
	plan, err := p.settled(fresh)
	if unknownName(err) {
		snapshot, refreshErr := r.options.Catalog.Refresh(ctx)
		if refreshErr == nil && snapshot.Version != p.stamp.catalog {
			if p, err = r.planner(st, params); err != nil {
				return nil, err
			}
			p.env.parameters, p.unseals = parameters, unseals
			plan, err = p.settled(fresh)
		}
	}
	if err != nil {
		return nil, err
	}
	plan.stamp = p.stamp
	return plan, nil
}

// settled plans a statement until it is known which sealed values it needs revealed. Each turn reveals another, and after some all are.
func (p *planner) settled(fresh func() *pg.Node) (*Plan, error) {
	for turn := 1; ; turn++ {
		plan, err := p.plan(fresh())
		switch {
		case errors.Is(err, errDisputed) && p.seals:
			p.seals = false
		case !errors.Is(err, errAgain):
			return plan, statementRefused(err)
		}
		p.seals = p.seals && turn < maxTurns
	}
}

func unknownName(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Reason != "" || strings.HasPrefix(e.Message, unrecognized) { // the catalog has no settings
		return false
	}
	switch e.Code {
	case "42P01", "42883", "42703", "42704", "3F000":
		return true
	}
	return false
}

// reservedName says that a client's name could be taken for one of cordon's own: marks, aliases, and what templates call theirs.
func reservedName(name string) bool { return strings.HasPrefix(name, "cordon_") }
