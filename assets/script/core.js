// What the pages with a check share: asking the server, and sending the form.
// Until begin() has run the page is a plain form that works without a script.
const $ = id => document.getElementById('lg-' + id);
const data = JSON.parse($('data').textContent), text = data.text;
const form = $('form'), send = $('send'), line = $('status');
const hold = form.elements.login_guard_hold.value;
const aria = (element, name, value) => element.setAttribute('aria-' + name, value);
const pause = ms => new Promise(go => setTimeout(go, ms));

let task, work, born; // the check at hand, its proof of work, when it came
let busy = false; // from an answer on until the server asks for another
let clearance = ''; // what the server gave for the right answer
let sent = false; // the form is on its way
let wake; // ends the wait for a lost connection

function take(next) {
	work?.quit();
	task = next;
	born = Date.now();
	work = solve(task);
	remember();
}

function say(words, tone = '') {
	line.textContent = words;
	line.className = tone;
}

function ready(on, label) {
	send.textContent = label || text.send;
	aria(send, 'disabled', !on);
}

async function post(path, more) {
	return (await fetch(data.prefix + path, {
		method: 'POST',
		headers: {'Content-Type': 'application/json'},
		body: JSON.stringify({hold, challenge: task.token, ...more}),
		signal: AbortSignal.timeout?.(20000),
	})).json();
}

// ask sends an answer until the server has judged it, and returns its reply:
// checked or again.
async function ask(way, more) {
	busy = true;
	ready(false);
	if (way === 'press') {
		// Who does not slide works four times the least: 600 derivations.
		work.quit();
		work = solve({...task, target: Math.min(task.target, 2 ** 32 / 600 | 0)});
	}
	for (let tries = 0; ;) {
		let reply = {};
		try {
			const pow = await work;
			await pause(born + task.floor - Date.now());
			reply = await post('verify', {pow, way, ...more});
		} catch {}
		switch (reply.status) {
		case 'checked':
			clearance = reply.clearance;
			return reply;
		case 'again':
			take(reply.task);
			busy = false;
			return reply;
		case 'picture':
			return leave('picture');
		case 'gone':
			return leave();
		case 'busy':
		case 'wait':
			if (reply.status === 'busy') say(text.busy);
			await pause(reply.seconds * 1000);
			say(text.checking);
			break;
		default:
			await lost(2 ** ++tries);
		}
	}
}

// lost waits for the connection: some seconds, until the browser is online
// again, or until the shopper presses the button.
async function lost(seconds) {
	say(text.offline, 'error');
	ready(true, text.retry);
	await new Promise(go => {
		wake = go;
		self.ononline = go;
		setTimeout(go, Math.min(seconds, 30) * 1000);
	});
	wake = null;
	ready(false);
	say(text.checking);
}

function field(name, value) {
	name = 'login_guard_' + name;
	Object.assign(form.elements[name] || form.appendChild(document.createElement('input')), {type: 'hidden', name, value});
}

// submit sends the form, after which the check is over for this page.
function submit() {
	sent = true;
	forget();
	form.submit();
}

// leave lets the server go on with a page of its own. It never returns.
function leave(step) {
	if (step) field('step', step);
	submit();
	return new Promise(() => {});
}

function go() {
	if (sent) return;
	ready(false);
	field('clearance', clearance);
	submit();
	// Still here: the shopper stopped the browser. The server sends it once.
	setTimeout(() => {
		sent = false;
		ready(true);
	}, 30000);
}

// A check lasts 10 minutes; a new one comes before that, unseen. Without a
// connection it is tried again soon.
async function renew(left, wait = 480000) {
	await pause(wait);
	while (busy) await pause(5000);
	try {
		const reply = await post('renew');
		if (busy || !reply.task) return;
		take(reply.task);
		self.renewed?.();
	} catch {
		return renew(left, 30000);
	}
	if (left > 1) renew(left - 1);
}

// begin turns the plain form into the one with a script.
function begin(pressed) {
	take(data.task);
	document.querySelectorAll('[data-swap]').forEach(e => e.hidden = !e.hidden);
	// Of these fields the script sends none but the held login.
	for (const e of form.elements) if (e.name !== 'login_guard_hold') e.removeAttribute('name');
	ready(false);
	form.onsubmit = e => {
		e.preventDefault();
		if (wake) wake();
		else if (clearance) go();
		else if (!busy) pressed(e.submitter?.value);
	};
	// Back to a page that was sent already: the shop's own page comes afresh.
	self.onpageshow = e => e.persisted && sent && location.replace(location.href);
	renew(12);
}
