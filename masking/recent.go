package masking

import (
	"bytes"
	"hash/maphash"
)

// Sizes of a Recent: of its table, two slots to a hash, and of the values and pseudonyms that it keeps, in bytes. Texts of up to 15 bytes have pseudonyms of 66.
const (
	recentSlots  = 512
	recentValue  = 24
	recentSealed = 68
)

// recentPatience is how many values in a row may be new before a Recent takes the rest of an answer to be so: an export of distinct identifiers then costs
// no more than without one.
const recentPatience = 2048

// Recent seals the values of a DataRow in one format and remembers some of them, since identifiers repeat within an answer and from one to the next. It
// serves one session: not safe for concurrent use. Its memory, about 48 KiB, is taken when the first value is sealed.
type Recent struct {
	cipher *Pseudonym
	format int16
	seed   maphash.Seed
	slots  []recentSlot
	news   int // values since the last that was remembered
}

// recentSlot holds a value and its pseudonym, both shorter than 128 bytes.
type recentSlot struct {
	value       [recentValue]byte
	sealed      [recentSealed]byte
	valueLength uint8
	length      uint8 // of the pseudonym; 0 where the slot is free
}

// NewRecent makes a Recent for values in a format of the protocol: 0 text, 1 binary.
func (p *Pseudonym) NewRecent(format int16) *Recent {
	return &Recent{cipher: p, format: format, seed: maphash.MakeSeed()}
}

// Cipher is the cipher whose pseudonyms are remembered.
func (r *Recent) Cipher() *Pseudonym { return r.cipher }

// Begin says that another answer begins.
func (r *Recent) Begin() { r.news = 0 }

// Seal is Pseudonym.Seal.
func (r *Recent) Seal(dst, value []byte) ([]byte, error) {
	slot := r.slot(value)
	if slot.has(value) {
		r.news = 0
		return append(dst, slot.sealed[:slot.length]...), nil
	}
	out, err := r.cipher.Seal(dst, value, r.format)
	if err == nil {
		slot.keep(value, out[len(dst):])
	}
	return out, err
}

// Seal2 is Pseudonym.Seal2.
func (r *Recent) Seal2(dst1, dst2, value1, value2 []byte) (sealed1, sealed2 []byte, err error) {
	slot1, slot2 := r.slot(value1), r.slot(value2)
	if slot1.has(value1) || slot2.has(value2) {
		if sealed1, err = r.Seal(dst1, value1); err != nil {
			return dst1, dst2, err
		}
		sealed2, err = r.Seal(dst2, value2)
		return sealed1, sealed2, err
	}
	sealed1, sealed2, err = r.cipher.Seal2(dst1, dst2, value1, value2, r.format)
	if err == nil {
		slot1.keep(value1, sealed1[len(dst1):])
		slot2.keep(value2, sealed2[len(dst2):])
	}
	return sealed1, sealed2, err
}

// SealArray is Pseudonym.SealArray, of which nothing is remembered.
func (r *Recent) SealArray(dst, value []byte) ([]byte, error) {
	return r.cipher.SealArray(dst, value, r.format)
}

// slot is where a value would be remembered, nil where it is not worth it.
func (r *Recent) slot(value []byte) *recentSlot {
	if r.news++; r.news > recentPatience || len(value) > recentValue {
		return nil
	}
	if r.slots == nil {
		r.slots = make([]recentSlot, recentSlots)
	}
	pair := r.slots[maphash.Bytes(r.seed, value)%(recentSlots/2)*2:]
	if pair[1].has(value) {
		return &pair[1]
	}
	if !pair[0].has(value) && pair[0].length > 0 {
		pair[1] = pair[0] // the older goes
	}
	return &pair[0]
}

func (s *recentSlot) has(value []byte) bool {
	return s != nil && s.length > 0 && bytes.Equal(s.value[:s.valueLength], value)
}

func (s *recentSlot) keep(value, sealed []byte) {
	if s == nil || len(sealed) > recentSealed {
		return
	}
	s.valueLength, s.length = uint8(copy(s.value[:], value)), uint8(copy(s.sealed[:], sealed))
}
