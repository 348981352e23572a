// plain is for plain HTTP, where browsers keep WebCrypto back.
async function plain(task, over) {
	const salt = new TextEncoder().encode(task.salt);
	for (let n = 0, from = Date.now(); !over(); n++) {
		if (derive(n, salt, task.cost) < task.target) return n;
		if (Date.now() - from > 12) {
			await new Promise(go => setTimeout(go));
			from = Date.now();
		}
	}
}

// FIPS 180-4 §4.2.2, §5.3.3: the first 32 bits of the fractional parts of the
// cube roots of the first 64 primes, and of the square roots of the first 8.
const K = new Int32Array(64), H0 = new Int32Array(8);
for (let n = 2, i = 0; i < 64; n++) {
	let d = 2;
	while (n % d) d++;
	if (d < n) continue;
	H0[i] = Math.sqrt(n) * 2 ** 32; // past the eighth it is dropped
	K[i++] = Math.cbrt(n) * 2 ** 32;
}
const W = new Int32Array(64);

// block puts the state h after one more block m of 16 words into to (FIPS
// 180-4 §6.2.2). All are Int32Array; to may be h or m.
function block(h, m, to) {
	for (let i = 0; i < 64; i++) {
		if (i < 16) W[i] = m[i];
		else {
			const x = W[i - 15], y = W[i - 2];
			W[i] = W[i - 16] + W[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10);
		}
	}
	let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
	for (let i = 0; i < 64; i++) {
		const t = k + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g) + K[i] + W[i] | 0;
		const u = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
		k = g; g = f; f = e; e = d + t | 0; d = c; c = b; b = a; a = t + u | 0;
	}
	to[0] = h[0] + a; to[1] = h[1] + b; to[2] = h[2] + c; to[3] = h[3] + d;
	to[4] = h[4] + e; to[5] = h[5] + f; to[6] = h[6] + g; to[7] = h[7] + k;
}

// keyed returns the state after the block of an HMAC key (RFC 2104 §2).
function keyed(key, pad) {
	const state = new Int32Array(8);
	block(H0, key.map(w => w ^ pad), state);
	return state;
}

// derive returns the first word of PBKDF2 (RFC 8018 §5.2) as an unsigned number.
function derive(n, salt, cost) {
	const key = new Int32Array(16);
	[...String(n)].forEach((c, i) => key[i >> 2] |= c.charCodeAt(0) << 24 - i % 4 * 8);
	const inner = keyed(key, 0x36363636), outer = keyed(key, 0x5c5c5c5c);
	// The message of the first round is the salt and the number 1, padded.
	const first = [...salt, 0, 0, 0, 1, 128], words = new Int32Array((first.length + 71 >> 6) * 16);
	first.forEach((v, i) => words[i >> 2] |= v << 24 - i % 4 * 8);
	words[words.length - 1] = (first.length + 63) * 8;
	const state = inner.slice();
	for (let i = 0; i < words.length; i += 16) block(state, words.subarray(i, i + 16), state);
	// From then on it is a hash: 8 words, the padding, 96 bytes with the key.
	const m = new Int32Array(16);
	m.set(state);
	m[8] = 1 << 31;
	m[15] = 768;
	block(outer, m, m);
	let sum = m[0];
	for (let i = 1; i < cost; i++) {
		block(inner, m, m);
		block(outer, m, m);
		sum ^= m[0];
	}
	return sum >>> 0;
}
