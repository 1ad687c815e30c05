package proxy

import (
	"bytes"
	"fmt"

	"github.com/jackc/pgproto3/v2"

	"github.com/cordon-db/cordon/rewrite"
)

// alarm is a result that must not leave: it ends the session.
type alarm struct{ cause string }

func (a *alarm) Error() string { return "egress alarm: " + a.cause }

// passed is a description that passed the check, as the server sent it and as the client gets it.
type passed struct {
	under     rewrite.InForce
	row, left []byte
	how       seals
}

// checkRow checks the description of an answer's rows. One that passed for the statement passes again without being read, while policy and
// catalog are the same: nothing else decides.
func (m *machine) checkRow(msg []byte, a *answer) ([]byte, seals, error) {
	now := m.session.InForce()
	s := a.statement
	if s != nil && now != (rewrite.InForce{}) && s.passed.under == now && bytes.Equal(s.passed.row, msg) {
		s.passed.how.begin()
		return s.passed.left, s.passed.how, nil
	}
	left, how, err := checkRow(msg, m.session, a.current(), m.recents)
	if err == nil && s != nil && m.session.InForce() == now { // or it passed under what came into force meanwhile
		s.passed = passed{now, bytes.Clone(msg), bytes.Clone(left), how}
	}
	return left, how, err
}

// checkRow is the second wall. It does not trust the rewriter: each bare column that the server announces must be one that policy
// and catalog show, sealed as the policy says, and where the plan says which it expects, that one. The server names the origin by attribute
// number, so a rename between snapshot and execution is caught (pitfall S1). It returns the message as the client gets it, and how
// the columns leave.
func checkRow(msg []byte, session Session, plan *rewrite.Plan, known recents) ([]byte, seals, error) {
	var row pgproto3.RowDescription
	if err := decode(&row, msg[5:]); err != nil {
		return nil, nil, fmt.Errorf("%w: RowDescription: %w", errProtocol, err)
	}
	switch {
	case plan == nil || plan.Columns == nil:
		return nil, nil, &alarm{"rows that no plan announces"}
	case len(plan.Columns) != len(row.Fields):
		return nil, nil, &alarm{fmt.Sprintf("the server announces %d columns, the plan %d", len(row.Fields), len(plan.Columns))}
	}
	var how seals
	for i := range row.Fields {
		f, want := &row.Fields[i], plan.Columns[i]
		if err := checkOrigin(i, f, want, session); err != nil {
			return nil, nil, err
		}
		if want.Seal == (rewrite.Seal{}) {
			continue
		}
		cipher, err := session.Cipher(want.Seal)
		if err != nil {
			return nil, nil, fmt.Errorf("column %d: %w", i+1, err)
		}
		if how == nil {
			how = make(seals, len(row.Fields))
		}
		how[i] = seal{known.of(cipher, f.Format), want.Seal.Array}
		f.TypeModifier = -1 // a pseudonym need not fit the column's length, and has none on the twin
	}
	if how != nil {
		var err error
		if msg, err = row.Encode(nil); err != nil {
			return nil, nil, fmt.Errorf("%w: RowDescription: %w", errProtocol, err)
		}
	}
	return msg, how, nil
}

// checkOrigin checks where one column comes from.
func checkOrigin(i int, f *pgproto3.FieldDescription, want rewrite.Origin, session Session) error {
	num := int16(f.TableAttributeNumber)
	switch {
	case want.Seal != rewrite.Seal{} && !want.Seal.Fits(f.DataTypeOID):
		return &alarm{fmt.Sprintf("column %d is of type %d, which its plan does not know how to seal", i+1, f.DataTypeOID)}
	case f.TableOID == 0:
		return nil
	case !session.ShowsOrigin(f.TableOID, num, want.Seal):
		return &alarm{fmt.Sprintf("column %d comes from attribute %d of relation %d, which the policy does not show so", i+1, num, f.TableOID)}
	case !want.Unknown && (want.Table != f.TableOID || want.Column != num):
		return &alarm{fmt.Sprintf("column %d comes from attribute %d of relation %d, not from attribute %d of relation %d as planned",
			i+1, num, f.TableOID, want.Column, want.Table)}
	}
	return nil
}
