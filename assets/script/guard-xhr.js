// calls are what is known of requests that could be a login to repeat.
const calls = new WeakMap(), heard = new WeakSet();
const X = XMLHttpRequest.prototype, {open: xhrOpen, setRequestHeader: xhrSet, send: xhrSend, abort: xhrAbort} = X;

// listen comes before all listeners of the shop's own: from the beginning, or
// for a request that was there before us, from when it is opened.
function listen(xhr) {
	if (heard.has(xhr)) return xhr;
	heard.add(xhr);
	for (const type of ['readystatechange', 'progress', 'load', 'loadend']) xhr.addEventListener(type, hear, true);
	return xhr;
}

self.XMLHttpRequest = X.constructor = new Proxy(XMLHttpRequest, {
	construct: (...made) => listen(Reflect.construct(...made)),
});

X.open = function (method, url, async) {
	calls.set(this, (async || arguments.length < 3) && local(url) && {open: arguments, headers: []});
	listen(this);
	return xhrOpen.apply(this, arguments);
};

X.setRequestHeader = function (name, value) {
	calls.get(this)?.headers?.push([name, value]);
	return xhrSet.apply(this, arguments);
};

X.send = function (body) {
	const call = calls.get(this), kept = keep(body);
	if (!call || !kept) {
		calls.delete(this);
		return xhrSend.apply(this, arguments);
	}
	if (kept[1] && !call.headers.some(([name]) => name.toLowerCase() === 'content-type')) this.setRequestHeader('Content-Type', kept[1]);
	call.body = kept[0];
	return xhrSend.call(this, call.body);
};

X.abort = function () {
	const call = calls.get(this), over = call?.quiet && this.readyState === 4;
	calls.delete(this);
	xhrAbort.apply(this, arguments);
	call?.stop?.();
	call?.heard?.(new Response());
	// To the shop the request was still on its way.
	if (over) tellOf(this, 'abort', 'loadend');
};

function tellOf(xhr, ...types) {
	for (const type of types) xhr.dispatchEvent(type === 'readystatechange' ? new Event(type) : new ProgressEvent(type));
}

// hear keeps the shop's own listeners from an answer that asks for a check.
function hear(e) {
	const call = calls.get(this);
	if (!call) return;
	if (this.readyState > 1 && refused(this.getResponseHeader('Login-Guard'))) call.quiet = true;
	if (call.quiet) e.stopImmediatePropagation();
	if (e.type !== 'loadend') return;
	const answer = call.quiet ? said(this) : new Response();
	if (call.heard) call.heard(answer);
	else if (call.quiet) follow(this, call, answer);
}

// said is the answer of a request as fetch would have it.
function said(xhr) {
	const json = xhr.responseType === 'json', body = /^(text)?$/.test(xhr.responseType) ? xhr.responseText : xhr.response;
	return new Response(json ? JSON.stringify(body) : body, {headers: {'Login-Guard': xhr.getResponseHeader('Login-Guard')}});
}

async function follow(xhr, call, answer) {
	await settle(answer, clearance => new Promise(heard => {
		if (calls.get(xhr) !== call) return heard(new Response()); // it is another request by now
		call.heard = heard;
		call.quiet = true;
		xhrOpen.apply(xhr, call.open);
		call.quiet = false;
		for (const [name, value] of call.headers) xhrSet.call(xhr, name, value);
		if (clearance) xhrSet.call(xhr, clearanceHeader, clearance);
		xhrSend.call(xhr, call.body);
	}), stop => call.stop = stop);
	if (calls.get(xhr) !== call || !call.quiet) return;
	// Closed, or nothing to show: the shop gets the refusal after all.
	calls.delete(xhr);
	tellOf(xhr, 'readystatechange', 'load', 'loadend');
}
