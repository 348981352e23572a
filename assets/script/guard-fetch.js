const clearanceHeader = 'Login-Guard-Clearance';

// A time limit is for the network, not for people.
const timedOut = signal => signal?.reason?.name === 'TimeoutError';

// repeatable returns a function that sends what fetch was called with, as
// often as needed; nothing for what cannot be a login that we could repeat.
function repeatable(input, init) {
	const request = input instanceof Request && input, get = name => init?.[name] ?? request[name];
	if (!local(request ? request.url : input) || get('mode') === 'no-cors' || get('keepalive')) return;
	const kept = keep(init?.body);
	if (!kept) return;
	const [body, type] = kept, copy = request ? request.clone() : input;
	const headers = new Headers(get('headers') || undefined);
	if (type && !headers.has('Content-Type')) headers.set('Content-Type', type);
	let first = true;
	return clearance => {
		const more = {...init};
		if (body != null) more.body = body;
		if (clearance) headers.set(clearanceHeader, clearance);
		if (clearance || type) more.headers = headers;
		if (timedOut(get('signal'))) more.signal = null;
		const from = first ? input : request ? copy.clone() : copy;
		first = false;
		return fetched.call(self, from, more);
	};
}

self.fetch = async function fetch(input, init) {
	let send;
	try {
		send = repeatable(input, init);
	} catch {}
	if (!send) return fetched.apply(self, arguments);
	let answer = await send();
	if (!refuses(answer)) return answer;
	const signal = init?.signal || input.signal;
	const repeat = async clearance => {
		answer = await send(clearance);
		return refuses(answer) ? answer.clone() : answer;
	};
	await new Promise((done, fail) => settle(answer.clone(), repeat, stop => signal?.addEventListener('abort', () => {
		if (timedOut(signal)) return;
		stop();
		fail(signal.reason);
	})).then(done, fail));
	return answer;
};
