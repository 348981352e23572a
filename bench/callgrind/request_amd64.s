#include "textflag.h"

// func request(args *[6]uint64) uint64
//
// A client request of valgrind: the four rotations of RDI add up to 128 bits
// and do nothing on a processor; valgrind knows them by sight and serves what
// RAX points to. The answer is in RDX.
TEXT ·request(SB), NOSPLIT, $0-16
	MOVQ args+0(FP), AX
	XORQ DX, DX
	BYTE $0x48; BYTE $0xC1; BYTE $0xC7; BYTE $0x03 // rol $3, %rdi
	BYTE $0x48; BYTE $0xC1; BYTE $0xC7; BYTE $0x0D // rol $13, %rdi
	BYTE $0x48; BYTE $0xC1; BYTE $0xC7; BYTE $0x3D // rol $61, %rdi
	BYTE $0x48; BYTE $0xC1; BYTE $0xC7; BYTE $0x33 // rol $51, %rdi
	BYTE $0x48; BYTE $0x87; BYTE $0xDB             // xchg %rbx, %rbx
	MOVQ DX, ret+8(FP)
	RET
