// bars are the login forms of the page, each with its password field and,
// where this browser would be asked for a check, the slider's frame.
const bars = new Map();
let tries = new WeakMap(); // how often a form got one
let asked; // whether this browser would be asked: a promise

const seen = new IntersectionObserver(all => {
	for (const e of all) {
		if (e.isIntersecting) show(e.target);
	}
});

// sends reports whether a form with these field names sends a login.
function sends(form, names) {
	const has = wanted => names.some(name => name === wanted || name.replace(/^[^[]+/, '*') === wanted);
	const action = form.getAttribute('action') || '';
	if (!local(action)) return;
	const to = new URL(action, document.baseURI);
	return site.forms.some(f => f.a.some(has) && f.p.some(has) && (f.r || []).every(has) && !(f.n || []).some(has) &&
		Object.entries(f.q || {}).every(([key, values]) => {
			const got = to.searchParams.get(key);
			return got === null ? f.o : values.includes(got.toLowerCase().replace('|', '.'));
		}));
}

// find looks for login forms that are new, and forgets those that are gone.
function find() {
	for (const [form, bar] of bars) {
		if (!form.isConnected || !bar.field.isConnected || bar.frame && !bar.frame.isConnected) forget(form);
	}
	for (const e of document.querySelectorAll('form, [data-login-guard]')) {
		const form = e.closest('form') || e;
		if (bars.has(form)) continue;
		const marked = e.matches('[data-login-guard]') || form.querySelector('[data-login-guard]');
		// Two passwords set one, they do not sign in.
		const [field, more] = form.querySelectorAll('input[type=password]');
		if (!marked && (!field || more || field.autocomplete === 'new-password' || !sends(form, [...form.querySelectorAll('[name]')].map(e => e.name)))) continue;
		// A page that throws out what it did not make gets it three times.
		const n = tries.get(form) || 0;
		if (n > 2) continue;
		tries.set(form, n + 1);
		bars.set(form, {field: field || form});
		seen.observe(form);
	}
}

function forget(form) {
	clear(bars.get(form));
	bars.delete(form);
	seen.unobserve(form);
}

function clear(bar) {
	if (bar.frame) drop(bar.frame);
	bar.frame = bar.ready = null;
}

// place puts a frame where data-login-guard marks an element of the form, else
// below the row of the password field: what holds it and no other field.
function place(frame, form, row) {
	const spot = [...form.querySelectorAll('[data-login-guard]')].find(e => !e.querySelector('input'));
	if (spot || row === form) return (spot || form).append(frame);
	const others = e => [...e.querySelectorAll('input:not([type=hidden]), select, textarea, button')].some(e => e.type !== 'button' && e !== row && !row.contains(e));
	while (row.parentElement !== form && !others(row.parentElement)) row = row.parentElement;
	if (row.matches('li, dd')) return row.append(frame);
	if (row.matches('tr, td, th')) {
		const cell = make('td', {colSpan: 99});
		cell.append(frame);
		frame.row = make('tr');
		frame.row.append(cell);
		row = row.closest('tr');
	}
	row.after(frame.row || frame);
}

// show puts the slider into a form that can be seen or is being filled in.
async function show(form) {
	const bar = bars.get(form);
	seen.unobserve(form);
	if (!bar || bar.shown) return;
	bar.shown = true;
	asked ||= fetched(site.prefix + 'inline').then(r => r.json()).then(r => r.ask).catch(() => false);
	if (!await asked || bars.get(form) !== bar || bar.frame) return;
	// As wide as the form; its own margin is for the focus.
	const style = 'display:block;height:0;width:calc(100% + 12px);max-width:none;margin:0 -6px;grid-column:1/-1';
	bar.frame = framed(site.prefix + 'inline?frame=inline', form, style, ({loginGuard: what}) => {
		if (what === 'ready') bar.ready = true;
		if (what === 'checked') pass(form);
		// Escape in the frame of a form that stands in a dialog.
		if (what === 'close') bar.frame.closest('dialog[open]')?.requestClose?.();
		if (what === 'gone') {
			asked = Promise.resolve(false);
			clear(bar);
		}
	});
	place(bar.frame, form, bar.field);
}

// pass: what was earned is for one login, whichever form sends it, and lasts
// ten minutes.
function pass(form) {
	asked = Promise.resolve(false);
	for (const [other, bar] of bars) {
		bar.ready = false;
		if (other !== form) clear(bar);
	}
	setTimeout(afresh, 570000);
}

function afresh() {
	asked = null;
	tries = new WeakMap();
	for (const form of bars.keys()) forget(form);
	find();
}

// A form that was not slid is stopped once, with a hint under the bar; some
// shops send it twice for one press. If the slider never came, or cannot be
// seen, nothing is stopped: then the page after sending asks.
addEventListener('submit', e => {
	const bar = bars.get(e.target), by = e.submitter;
	if (!bar?.ready || e.timeStamp - bar.hinted > 99 || by?.hasAttribute('formaction') || by?.formMethod === 'dialog' || !bar.frame.checkVisibility?.()) return;
	bar.hinted ??= e.timeStamp;
	e.preventDefault();
	e.stopImmediatePropagation();
	bar.frame.scrollIntoView({block: 'nearest'});
	bar.frame.focus();
	bar.frame.contentWindow.postMessage({loginGuard: 'hint'}, origin);
}, true);

addEventListener('focusin', e => {
	const form = e.target.closest?.('form, [data-login-guard]');
	if (bars.has(form)) show(form);
});

// Back to a page as it was left: what was earned may be spent.
addEventListener('pageshow', e => e.persisted && afresh());

let soon;
new MutationObserver(() => {
	soon ||= setTimeout(() => {
		soon = 0;
		find();
	}, 50);
}).observe(document, {childList: true, subtree: true});
find();
