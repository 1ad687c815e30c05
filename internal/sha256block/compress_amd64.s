//go:build !purego

#include "textflag.h"

// The SHA extensions keep the state in two registers: X1 holds a, b, e, f from the highest word down, X2 holds c, d, g, h. Intel, "Intel SHA Extensions",
// July 2013, has the instructions; FIPS 180-4 the constants, which the table has in the order of the rounds.

DATA round<>+0(SB)/8, $0x71374491428a2f98
DATA round<>+8(SB)/8, $0xe9b5dba5b5c0fbcf
DATA round<>+16(SB)/8, $0x59f111f13956c25b
DATA round<>+24(SB)/8, $0xab1c5ed5923f82a4
DATA round<>+32(SB)/8, $0x12835b01d807aa98
DATA round<>+40(SB)/8, $0x550c7dc3243185be
DATA round<>+48(SB)/8, $0x80deb1fe72be5d74
DATA round<>+56(SB)/8, $0xc19bf1749bdc06a7
DATA round<>+64(SB)/8, $0xefbe4786e49b69c1
DATA round<>+72(SB)/8, $0x240ca1cc0fc19dc6
DATA round<>+80(SB)/8, $0x4a7484aa2de92c6f
DATA round<>+88(SB)/8, $0x76f988da5cb0a9dc
DATA round<>+96(SB)/8, $0xa831c66d983e5152
DATA round<>+104(SB)/8, $0xbf597fc7b00327c8
DATA round<>+112(SB)/8, $0xd5a79147c6e00bf3
DATA round<>+120(SB)/8, $0x1429296706ca6351
DATA round<>+128(SB)/8, $0x2e1b213827b70a85
DATA round<>+136(SB)/8, $0x53380d134d2c6dfc
DATA round<>+144(SB)/8, $0x766a0abb650a7354
DATA round<>+152(SB)/8, $0x92722c8581c2c92e
DATA round<>+160(SB)/8, $0xa81a664ba2bfe8a1
DATA round<>+168(SB)/8, $0xc76c51a3c24b8b70
DATA round<>+176(SB)/8, $0xd6990624d192e819
DATA round<>+184(SB)/8, $0x106aa070f40e3585
DATA round<>+192(SB)/8, $0x1e376c0819a4c116
DATA round<>+200(SB)/8, $0x34b0bcb52748774c
DATA round<>+208(SB)/8, $0x4ed8aa4a391c0cb3
DATA round<>+216(SB)/8, $0x682e6ff35b9cca4f
DATA round<>+224(SB)/8, $0x78a5636f748f82ee
DATA round<>+232(SB)/8, $0x8cc7020884c87814
DATA round<>+240(SB)/8, $0xa4506ceb90befffa
DATA round<>+248(SB)/8, $0xc67178f2bef9a3f7
GLOBL round<>(SB), RODATA|NOPTR, $256

DATA initial<>+0(SB)/8, $0x510e527f9b05688c
DATA initial<>+8(SB)/8, $0x6a09e667bb67ae85
DATA initial<>+16(SB)/8, $0x1f83d9ab5be0cd19
DATA initial<>+24(SB)/8, $0x3c6ef372a54ff53a
GLOBL initial<>(SB), RODATA|NOPTR, $32

// bytes<> turns the bytes of each word around.
DATA bytes<>+0(SB)/8, $0x0405060700010203
DATA bytes<>+8(SB)/8, $0x0c0d0e0f08090a0b
GLOBL bytes<>(SB), RODATA|NOPTR, $16

// LOAD reads four words of the message.
#define LOAD(offset, w) \
	MOVOU  offset(SI), w; \
	PSHUFB X8, w

// ROUNDS is four rounds with the words of w.
#define ROUNDS(offset, w) \
	MOVOU       round<>+offset(SB), X0; \
	PADDL       w, X0;                  \
	SHA256RNDS2 X0, X1, X2;             \
	PSHUFD      $0x0e, X0, X0;          \
	SHA256RNDS2 X0, X2, X1

// SCHEDULE makes of the sixteen words w, w1, w2, w3 the next four, in w.
#define SCHEDULE(w, w1, w2, w3) \
	SHA256MSG1 w1, w;     \
	MOVO       w3, X7;    \
	PALIGNR    $4, w2, X7; \
	PADDL      X7, w;     \
	SHA256MSG2 w3, w

// func compress(sum *[32]byte, block *[64]byte)
TEXT ·compress(SB), NOSPLIT, $0-16
	MOVQ  sum+0(FP), DI
	MOVQ  block+8(FP), SI
	MOVOU bytes<>(SB), X8
	MOVOU initial<>+0(SB), X1
	MOVOU initial<>+16(SB), X2
	LOAD(0, X3)
	ROUNDS(0, X3)
	LOAD(16, X4)
	ROUNDS(16, X4)
	LOAD(32, X5)
	ROUNDS(32, X5)
	LOAD(48, X6)
	ROUNDS(48, X6)
	SCHEDULE(X3, X4, X5, X6)
	ROUNDS(64, X3)
	SCHEDULE(X4, X5, X6, X3)
	ROUNDS(80, X4)
	SCHEDULE(X5, X6, X3, X4)
	ROUNDS(96, X5)
	SCHEDULE(X6, X3, X4, X5)
	ROUNDS(112, X6)
	SCHEDULE(X3, X4, X5, X6)
	ROUNDS(128, X3)
	SCHEDULE(X4, X5, X6, X3)
	ROUNDS(144, X4)
	SCHEDULE(X5, X6, X3, X4)
	ROUNDS(160, X5)
	SCHEDULE(X6, X3, X4, X5)
	ROUNDS(176, X6)
	SCHEDULE(X3, X4, X5, X6)
	ROUNDS(192, X3)
	SCHEDULE(X4, X5, X6, X3)
	ROUNDS(208, X4)
	SCHEDULE(X5, X6, X3, X4)
	ROUNDS(224, X5)
	SCHEDULE(X6, X3, X4, X5)
	ROUNDS(240, X6)
	MOVOU initial<>+0(SB), X3
	PADDL X3, X1
	MOVOU initial<>+16(SB), X4
	PADDL X4, X2

	// a to d into X3, e to h into X2, as bytes of big-endian words
	PSHUFD  $0x1b, X1, X1
	PSHUFD  $0xb1, X2, X2
	MOVO    X1, X3
	PBLENDW $0xf0, X2, X3
	PALIGNR $8, X1, X2
	PSHUFB  X8, X3
	PSHUFB  X8, X2
	MOVOU   X3, (DI)
	MOVOU   X2, 16(DI)
	RET

// LOAD2, ROUNDS2 and SCHEDULE2 do the same in two lanes: an instruction of one runs while the other's waits for its operands.
#define LOAD2(offset, w, v) \
	MOVOU  offset(SI), w; \
	PSHUFB X8, w;         \
	MOVOU  offset(DX), v; \
	PSHUFB X8, v

#define ROUNDS2(offset, w, v) \
	MOVOU       round<>+offset(SB), X15; \
	MOVO        X15, X0;                 \
	PADDL       w, X0;                   \
	SHA256RNDS2 X0, X1, X2;              \
	PSHUFD      $0x0e, X0, X7;           \
	MOVO        X15, X0;                 \
	PADDL       v, X0;                   \
	SHA256RNDS2 X0, X9, X10;             \
	PSHUFD      $0x0e, X0, X15;          \
	MOVO        X7, X0;                  \
	SHA256RNDS2 X0, X2, X1;              \
	MOVO        X15, X0;                 \
	SHA256RNDS2 X0, X10, X9

#define SCHEDULE2(w, w1, w2, w3, v, v1, v2, v3) \
	SHA256MSG1 w1, w;       \
	SHA256MSG1 v1, v;       \
	MOVO       w3, X7;      \
	MOVO       v3, X15;     \
	PALIGNR    $4, w2, X7;  \
	PALIGNR    $4, v2, X15; \
	PADDL      X7, w;       \
	PADDL      X15, v;      \
	SHA256MSG2 w3, w;       \
	SHA256MSG2 v3, v

// func compress2(sums *[2][32]byte, first, second *[64]byte)
TEXT ·compress2(SB), NOSPLIT, $0-24
	MOVQ  sums+0(FP), DI
	MOVQ  first+8(FP), SI
	MOVQ  second+16(FP), DX
	MOVOU bytes<>(SB), X8
	MOVOU initial<>+0(SB), X1
	MOVOU initial<>+16(SB), X2
	MOVO  X1, X9
	MOVO  X2, X10
	LOAD2(0, X3, X11)
	ROUNDS2(0, X3, X11)
	LOAD2(16, X4, X12)
	ROUNDS2(16, X4, X12)
	LOAD2(32, X5, X13)
	ROUNDS2(32, X5, X13)
	LOAD2(48, X6, X14)
	ROUNDS2(48, X6, X14)
	SCHEDULE2(X3, X4, X5, X6, X11, X12, X13, X14)
	ROUNDS2(64, X3, X11)
	SCHEDULE2(X4, X5, X6, X3, X12, X13, X14, X11)
	ROUNDS2(80, X4, X12)
	SCHEDULE2(X5, X6, X3, X4, X13, X14, X11, X12)
	ROUNDS2(96, X5, X13)
	SCHEDULE2(X6, X3, X4, X5, X14, X11, X12, X13)
	ROUNDS2(112, X6, X14)
	SCHEDULE2(X3, X4, X5, X6, X11, X12, X13, X14)
	ROUNDS2(128, X3, X11)
	SCHEDULE2(X4, X5, X6, X3, X12, X13, X14, X11)
	ROUNDS2(144, X4, X12)
	SCHEDULE2(X5, X6, X3, X4, X13, X14, X11, X12)
	ROUNDS2(160, X5, X13)
	SCHEDULE2(X6, X3, X4, X5, X14, X11, X12, X13)
	ROUNDS2(176, X6, X14)
	SCHEDULE2(X3, X4, X5, X6, X11, X12, X13, X14)
	ROUNDS2(192, X3, X11)
	SCHEDULE2(X4, X5, X6, X3, X12, X13, X14, X11)
	ROUNDS2(208, X4, X12)
	SCHEDULE2(X5, X6, X3, X4, X13, X14, X11, X12)
	ROUNDS2(224, X5, X13)
	SCHEDULE2(X6, X3, X4, X5, X14, X11, X12, X13)
	ROUNDS2(240, X6, X14)
	MOVOU   initial<>+0(SB), X3
	PADDL   X3, X1
	PADDL   X3, X9
	MOVOU   initial<>+16(SB), X4
	PADDL   X4, X2
	PADDL   X4, X10
	PSHUFD  $0x1b, X1, X1
	PSHUFD  $0xb1, X2, X2
	MOVO    X1, X3
	PBLENDW $0xf0, X2, X3
	PALIGNR $8, X1, X2
	PSHUFB  X8, X3
	PSHUFB  X8, X2
	MOVOU   X3, (DI)
	MOVOU   X2, 16(DI)
	PSHUFD  $0x1b, X9, X9
	PSHUFD  $0xb1, X10, X10
	MOVO    X9, X3
	PBLENDW $0xf0, X10, X3
	PALIGNR $8, X9, X10
	PSHUFB  X8, X3
	PSHUFB  X8, X10
	MOVOU   X3, 32(DI)
	MOVOU   X10, 48(DI)
	RET
