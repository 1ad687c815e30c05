package masking

import "encoding/binary"

// uuidRounds is the number of rounds of the balanced Feistel network on the two 64-bit halves of a uuid.
const uuidRounds = 4

// encryptUUID enciphers all 128 bits: version and variant bits too, so a pseudonym need not look like a version 4 uuid.
func (k *Key) encryptUUID(u [16]byte) [16]byte {
	left, right := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	for round := range uuidRounds {
		left, right = right, left^k.prfUUID(round, right)
	}
	return joinUUID(left, right)
}

func (k *Key) decryptUUID(u [16]byte) [16]byte {
	left, right := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	for round := uuidRounds - 1; round >= 0; round-- {
		left, right = right^k.prfUUID(round, left), left
	}
	return joinUUID(left, right)
}

func joinUUID(left, right uint64) (u [16]byte) {
	binary.BigEndian.PutUint64(u[:8], left)
	binary.BigEndian.PutUint64(u[8:], right)
	return u
}
