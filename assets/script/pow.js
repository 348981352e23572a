// Proof of work: the smallest n ≥ 0 whose PBKDF2-HMAC-SHA-256 (password: n in
// decimal, salt: the task's) begins with a 32-bit number below the target.

// solve begins the work and returns a promise of n. Its quit() stops it.
function solve(task) {
	let over = false;
	// plain is not there where the server knows that WebCrypto is.
	const done = (crypto.subtle ? native : plain)(task, () => over);
	done.quit = () => over = true;
	return done;
}

// WebCrypto runs as fast as an attacker's own machine would; four at a time
// keep its threads busy.
async function native(task, over) {
	const utf8 = new TextEncoder(), salt = utf8.encode(task.salt);
	const first = async n => {
		const key = await crypto.subtle.importKey('raw', utf8.encode(n), 'PBKDF2', false, ['deriveBits']);
		const bits = await crypto.subtle.deriveBits({name: 'PBKDF2', hash: 'SHA-256', salt, iterations: task.cost}, key, 32);
		return new DataView(bits).getUint32(0);
	};
	for (let n = 0; !over(); n += 4) {
		const hit = (await Promise.all([n, n + 1, n + 2, n + 3].map(first))).findIndex(v => v < task.target);
		if (hit >= 0) return n + hit;
	}
}
