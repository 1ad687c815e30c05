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
// serves one session: not safe for concurrent use. Its memory, about 50 KiB, is taken when the first value is sealed.
type Recent struct {
	cipher *Pseudonym
	format int16
	seed   maphash.Seed
	tags   []uint32 // of the slots: part of the value's hash, 0 where the slot is free. Most slots that do not match are never read.
	slots  []recentSlot
	news   int // values since the last that was remembered
}

// recentSlot holds a value and its pseudonym, both shorter than 128 bytes.
type recentSlot struct {
	value       [recentValue]byte
	sealed      [recentSealed]byte
	valueLength uint8
	length      uint8 // of the pseudonym
}

// pseudonym is what the slot remembers.
func (s *recentSlot) pseudonym() []byte { return s.sealed[:s.length] }

// place is where a value is remembered: in one of the two slots from first on.
type place struct {
	first int // -1: nowhere
	tag   uint32
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
	slot, at := r.find(value)
	if slot != nil {
		return append(dst, slot.pseudonym()...), nil
	}
	out, err := r.cipher.Seal(dst, value, r.format)
	if err == nil {
		r.keep(at, value, out[len(dst):])
	}
	return out, err
}

// Seal2 is Pseudonym.Seal2.
func (r *Recent) Seal2(dst1, dst2, value1, value2 []byte) (sealed1, sealed2 []byte, err error) {
	slot1, at1 := r.find(value1)
	slot2, at2 := r.find(value2)
	switch { // what is found is taken before anything is kept in its place
	case slot1 != nil && slot2 != nil:
		return append(dst1, slot1.pseudonym()...), append(dst2, slot2.pseudonym()...), nil
	case slot1 != nil:
		sealed1 = append(dst1, slot1.pseudonym()...)
		sealed2, err = r.cipher.Seal(dst2, value2, r.format)
	case slot2 != nil:
		sealed2 = append(dst2, slot2.pseudonym()...)
		sealed1, err = r.cipher.Seal(dst1, value1, r.format)
	default:
		sealed1, sealed2, err = r.cipher.Seal2(dst1, dst2, value1, value2, r.format)
	}
	if err != nil {
		return dst1, dst2, err
	}
	if slot1 == nil {
		r.keep(at1, value1, sealed1[len(dst1):])
	}
	if slot2 == nil {
		r.keep(at2, value2, sealed2[len(dst2):])
	}
	return sealed1, sealed2, nil
}

// SealArray is Pseudonym.SealArray, of which nothing is remembered.
func (r *Recent) SealArray(dst, value []byte) ([]byte, error) {
	return r.cipher.SealArray(dst, value, r.format)
}

// find is the slot that remembers a value; nil where none does, and then the place to keep it. The slot holds until the next keep.
func (r *Recent) find(value []byte) (*recentSlot, place) {
	if r.news++; r.news > recentPatience || len(value) > recentValue {
		return nil, place{first: -1}
	}
	if r.slots == nil {
		r.slots, r.tags = make([]recentSlot, recentSlots), make([]uint32, recentSlots)
	}
	hash := maphash.Bytes(r.seed, value)
	at := place{int(hash % (recentSlots / 2) * 2), uint32(hash>>32) | 1}
	for i := at.first; i < at.first+2; i++ {
		if slot := &r.slots[i]; r.tags[i] == at.tag && bytes.Equal(slot.value[:slot.valueLength], value) {
			r.news = 0
			return slot, at
		}
	}
	return nil, at
}

// keep remembers a value and its pseudonym in the place of the older of two.
func (r *Recent) keep(at place, value, sealed []byte) {
	if at.first < 0 || len(sealed) > recentSealed {
		return
	}
	i := at.first
	if r.tags[i] != 0 {
		r.slots[i+1], r.tags[i+1] = r.slots[i], r.tags[i]
	}
	slot := &r.slots[i]
	slot.valueLength, slot.length = uint8(copy(slot.value[:], value)), uint8(copy(slot.sealed[:], sealed))
	r.tags[i] = at.tag
}
