//go:build !purego

package sha256block

import "github.com/klauspost/cpuid/v2"

// accelerated says that the processor has the instructions that compress uses.
var accelerated = cpuid.CPU.Supports(cpuid.SHA, cpuid.SSE4, cpuid.SSSE3)

// compress is the compression function on the initial value and one block: the digest, if the block is padded.
//
//go:noescape
func compress(sum *[32]byte, block *[64]byte)

// compress2 is compress of two blocks, in little more time than of one.
//
//go:noescape
func compress2(sums *[2][32]byte, first, second *[64]byte)
