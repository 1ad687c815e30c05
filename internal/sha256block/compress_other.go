//go:build !amd64 || purego

package sha256block

const accelerated = false

func compress(*[32]byte, *[64]byte)                { panic("sha256block: no such instructions") }
func compress2(*[2][32]byte, *[64]byte, *[64]byte) { panic("sha256block: no such instructions") }
