// One dialog for all: refused logins take turns in it.
let box, turn = Promise.resolve(), waiting = 0, cleared = 0, cancelled = 0;

function open() {
	const host = make('div'), style = new CSSStyleSheet(), close = make('button', {textContent: '×', type: 'button'});
	style.replaceSync('dialog{box-sizing:border-box;width:min(400px,100vw - 16px);max-width:none;max-height:calc(100dvh - 16px);padding:0;border:0;border-radius:20px;overflow:hidden auto;background:#fff;box-shadow:0 8px 32px #0006}dialog::backdrop{background:#0b1626a0}button{position:absolute;inset-block-start:8px;inset-inline-end:8px;width:44px;height:44px;padding:0;border:0;border-radius:22px;background:none;color:inherit;font:28px/1 sans-serif;cursor:pointer}button:focus-visible{outline:3px solid;outline-offset:-4px}');
	// In a tree of its own, where the shop's style does not reach.
	const tree = host.attachShadow({mode: 'open'});
	tree.adoptedStyleSheets = [style];
	box = make('dialog', {onclose: () => box?.end('')});
	close.onclick = () => box.end('');
	box.append(close);
	tree.append(box);
	document.body.append(host);
	box.host = host;
	box.name = close;
}

function shut() {
	if (!box) return;
	const {host} = box;
	box.close(); // the focus goes back to where it was
	box = null;
	host.remove();
}

// check shows a check and returns a promise of what passing it earns, '' when
// the shopper closes the dialog.
function check({path, title}) {
	return new Promise(end => {
		if (!box) open();
		if (box.frame) drop(box.frame);
		let ready;
		box.end = end;
		box.setAttribute('aria-label', title);
		box.frame = framed(path + '?frame=dialog', document.body, 'display:block;width:100%;height:340px', data => {
			if (data.loginGuard === 'ready') {
				ready = true;
				box.lang = data.lang;
				box.dir = data.dir;
				box.style.background = data.ground;
				box.style.color = data.ink;
				box.name.setAttribute('aria-label', data.close);
				box.name.title = data.close;
			}
			if (data.loginGuard === 'cleared') end(data.clearance);
			if (data.loginGuard === 'close') end('');
		});
		box.frame.title = title;
		// What does not come to life here may as a page of its own, if the
		// server can be reached at all.
		const broken = () => ready || box?.end !== end || (ready = true) && fetched(path, {method: 'HEAD'}).then(() => leave({path}), () => end(''));
		box.frame.onload = () => setTimeout(broken, 3000);
		setTimeout(broken, 15000);
		box.append(box.frame);
		if (!box.open) box.showModal();
	});
}

// leave leads to the check as a page of its own.
function leave({path}) {
	location.assign(path);
	return new Promise(() => {});
}

// asks returns the check that an answer of the server asks for.
async function asks(answer) {
	if (!refuses(answer)) return;
	const {challenge, redirect, title = ''} = await answer.json().catch(() => ({}));
	const path = challenge || redirect;
	if (typeof path === 'string' && path.startsWith(site.prefix + 'challenge/')) return {path, title};
}

const refused = header => /^(slider|picture|second-factor)\b/.test(header);
const refuses = answer => refused(answer.headers.get('Login-Guard'));

// settle leads a refused login through its checks, after those before it.
// answer is what the server said; repeat sends the login again with what a
// check earned, '' for nothing, and returns a promise of the next answer;
// stoppable is given a function for when nobody waits for the login any more.
// settle returns a promise that ends when there is nothing left to ask.
function settle(answer, repeat, stoppable) {
	const before = cleared, closed = cancelled;
	let mine, stopped;
	stoppable(() => {
		stopped = true;
		if (mine) box?.end('');
	});
	waiting++;
	const done = turn.then(async () => {
		mine = true;
		if (stopped || closed !== cancelled) return;
		// What the one before earned may do for this one as well.
		if (before !== cleared) answer = await repeat('');
		for (let next; (next = await asks(answer));) {
			// A browser without dialogs goes to the check's own page.
			const clearance = await check(next).catch(() => leave(next));
			if (!clearance) {
				if (!stopped) cancelled++;
				return;
			}
			answer = await repeat(clearance);
			if (!refuses(answer)) cleared++;
		}
	}).finally(() => {
		mine = false;
		if (!--waiting) shut();
	});
	turn = done.catch(() => {});
	return done;
}

// keep returns a request's body as it can be sent twice and its type, or
// nothing when it cannot: streams, files. What a check earns is for the very
// same bytes, and a browser writes a FormData differently each time.
function keep(body) {
	if (body instanceof FormData) {
		const edge = '----LoginGuard' + crypto.getRandomValues(new Uint32Array(4)).join('');
		let all = '';
		for (const [name, value] of body) {
			if (typeof value !== 'string') return;
			// As HTML's "multipart/form-data encoding algorithm" has it.
			const lines = text => text.replace(/\r\n?|\n/g, '\r\n');
			all += '--' + edge + '\r\nContent-Disposition: form-data; name="' + lines(name).replace(/[\r\n"]/g, encodeURIComponent) + '"\r\n\r\n' + lines(value) + '\r\n';
		}
		return [new TextEncoder().encode(all + '--' + edge + '--\r\n'), 'multipart/form-data; boundary=' + edge];
	}
	if (body instanceof URLSearchParams) return [new URLSearchParams(body)];
	if (body == null || typeof body === 'string' || body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return [body];
}
