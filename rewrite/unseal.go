package rewrite

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v5"
)

// Param is a parameter of the statement that is sent, in the order of $1, $2, ...
type Param struct {
	From     int    // the parameter of the client, from 1, whose value it takes; 0 for a constant of the statement
	Value    string // the constant, in text format
	Declared uint32 // the type that the client declared, 0 where none
	Type     uint32 // the type to declare to the server, 0 to leave it to the server
	Array    bool   // an array of what Seal is for
	Seal     Seal   // what the value is unsealed with before it is sent; zero: it passes as it is
}

// ownParams is where the numbers of parameters begin that unsealing makes; settled into $1, $2, ... once all are known.
const ownParams = 1 << 20

// maxOwnParams keeps their number within a Bind message's 65,535 parameters, the client's among them.
const maxOwnParams = 30000

// sealedArrays are the array types of the ciphers' types.
var sealedArrays = map[uint32]uint32{oidInt4: 1007, oidInt8: 1016, oidUUID: 2951, oidText: 1009}

// takesParam are the declared types whose values, read as the cipher's type, mean what they mean to the twin's comparison.
var takesParam = map[uint32][]uint32{
	oidInt4: {0, oidInt4, oidInt2},
	oidInt8: {0, oidInt8, oidInt4, oidInt2},
	oidUUID: {0, oidUUID},
	oidText: {0, oidText, oidVarchar},
}

// unseal makes an operand that is a constant or a parameter, compared with a sealed value, a parameter that is unsealed before it is sent; read is the type that an earlier
// use gave it, 0 where none did.
// It says false, and changes nothing, where the operand is anything else.
func (b *binder) unseal(n *pg.Node, seal Seal, read uint32, array bool, operand *info) bool {
	if n.GetAConst().GetIsnull() || b.probing {
		return true // NULL is equal to nothing, raw or not
	}
	if seal.Array {
		return false
	}
	p, ok := b.unsealable(n, seal, array)
	if !ok || len(b.params) >= maxOwnParams {
		return false
	}
	p.Seal, p.Array, p.Type = seal, array, seal.Type
	if array {
		p.Type = sealedArrays[seal.Type]
	}
	if read != 0 && read != p.Type {
		p.Declared = read
	}
	number, known := b.numbers[p] // one for all that are alike, or GROUP BY would not cover the same expression of the select list
	if !known {
		if b.numbers == nil {
			b.numbers = map[Param]int{}
		}
		number = len(b.params)
		b.numbers[p] = number
		b.params = append(b.params, p)
		b.paramAt = append(b.paramAt, n.GetParamRef().GetLocation())
	}
	n.Node = &pg.Node_ParamRef{ParamRef: &pg.ParamRef{Number: int32(ownParams + number)}}
	*operand = info{typ: p.Type, safe: true}
	return true
}

// unsealable reads a constant as the cipher's type would, and a parameter of a type that it takes.
func (b *binder) unsealable(n *pg.Node, seal Seal, array bool) (Param, bool) {
	if !b.env.unsealing {
		return Param{}, false
	}
	if ref := n.GetParamRef(); ref != nil && ref.Number < ownParams {
		p := Param{From: int(ref.Number)}
		if p.From <= len(b.env.parameters) {
			p.Declared = b.env.parameters[p.From-1]
		}
		takes := takesParam[seal.Type]
		if array {
			takes = []uint32{0, sealedArrays[seal.Type]}
		}
		return p, slices.Contains(takes, p.Declared)
	}
	value, ok := b.sealedConstant(n, seal, array)
	return Param{Value: value}, ok
}

// sealedConstant reads a constant as the cipher's type would.
func (b *binder) sealedConstant(n *pg.Node, seal Seal, array bool) (value string, ok bool) {
	typ := uint32(0)
	if cast := n.GetTypeCast(); cast != nil && len(cast.TypeName.Typmods) == 0 {
		var err error
		if typ, err = newBinder(b.env).typeName(cast.TypeName); err != nil {
			return "", false
		}
		if array && typ != sealedArrays[seal.Type] || !array && !seal.Fits(typ) {
			return "", false
		}
		n = cast.Arg
	}
	c := n.GetAConst()
	switch {
	case c.GetSval() != nil:
		return c.GetSval().Sval, readable(c.GetSval().Sval, seal, array)
	case array:
	case c.GetIval() != nil && (seal.Type == oidInt8 || seal.Type == oidInt4):
		return strconv.Itoa(int(c.GetIval().Ival)), true
	case c.GetFval() != nil && seal.Type == oidInt8 && (typ == 0 || typ == oidInt8):
		if _, err := strconv.ParseInt(c.GetFval().Fval, 10, 64); err == nil { // an int8 that is no int4
			return c.GetFval().Fval, true
		}
	}
	return "", false
}

var (
	plainInteger = regexp.MustCompile(`^[-+]?[0-9]{1,19}$`)
	plainUUID    = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	plainWord    = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// readable says that a constant is written as every server and masking.Pseudonym read it alike. Any other is left to the server, and what
// it is compared with is revealed.
func readable(text string, seal Seal, array bool) bool {
	if array {
		inside, begins := strings.CutPrefix(text, "{")
		inside, ends := strings.CutSuffix(inside, "}")
		for member := range strings.SplitSeq(inside, ",") {
			if !plainWord.MatchString(member) || strings.EqualFold(member, "null") || !readable(member, seal, false) {
				return false
			}
		}
		return begins && ends
	}
	switch seal.Type {
	case oidInt4, oidInt8:
		bits := map[uint32]int{oidInt4: 32, oidInt8: 64}[seal.Type]
		_, err := strconv.ParseInt(text, 10, bits)
		return err == nil && plainInteger.MatchString(text)
	case oidUUID:
		return plainUUID.MatchString(text)
	}
	return true
}

// settleParams numbers the parameters of a bound statement: the client's keep their numbers, and what was unsealed takes that of the
// client's parameter where nothing else reads it, or one behind them.
func (b *binder) settleParams(n *pg.Node) []Param {
	if len(b.params) == 0 {
		return nil
	}
	clear := map[int]int32{} // where the client's parameters are read as they are
	last := len(b.env.parameters)
	var refs []*pg.ParamRef
	walkNodes(n, func(node *pg.Node) {
		ref := node.GetParamRef()
		switch {
		case ref == nil:
		case ref.Number >= ownParams:
			refs = append(refs, ref)
		default:
			if at, ok := clear[int(ref.Number)]; !ok || ref.Location < at {
				clear[int(ref.Number)] = ref.Location
			}
			last = max(last, int(ref.Number))
		}
	})
	for _, p := range b.params {
		last = max(last, p.From)
	}
	params := make([]Param, last)
	for i := range params {
		params[i].From = i + 1
		if i < len(b.env.parameters) {
			params[i].Type, params[i].Declared = b.env.parameters[i], b.env.parameters[i]
		}
	}
	numbers := make([]int32, len(b.params))
	for i, p := range b.params {
		if at, read := clear[p.From]; p.From > 0 && !read && (params[p.From-1].Seal == Seal{} || params[p.From-1] == p) {
			params[p.From-1] = p
			numbers[i] = int32(p.From)
			continue
		} else if read && b.paramAt[i] < at && params[p.From-1].Type == 0 { // on the twin the first use decides on the type
			params[p.From-1].Type = p.Type
		}
		params = append(params, p)
		numbers[i] = int32(len(params))
	}
	for _, ref := range refs {
		ref.Number = numbers[ref.Number-ownParams]
	}
	return params
}
