// Runs adversaries in Chromium. Each line of standard input is a job, one JSON
// object; a line of JSON comes back for each try, then one with the processor
// time that the browser and this program took for the job.
import {readFileSync, readdirSync} from 'node:fs';
import {createInterface} from 'node:readline';
import {chromium} from 'playwright-core';
import {careful, hands} from './hands.mjs';

const patience = 20000;
const pause = (ms, value) => new Promise(go => setTimeout(go, ms, value));

// A repeatable Math.random (mulberry32), for ghost-cursor too.
let state = 0;
const random = Math.random = () => {
	state = state + 0x6d2b79f5 >>> 0;
	let t = Math.imul(state ^ state >>> 15, 1 | state);
	t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
	return ((t ^ t >>> 14) >>> 0) / 4294967296;
};

// Two browsers: as automation starts one, and with what gives it away
// switched off. A job has as many pages as it asks for.
const started = {};

function browser(job, hidden) {
	return started[hidden] ||= chromium.launch({executablePath: job.chromium, headless: true, args: [
		'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage',
		'--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
		...hidden ? ['--disable-blink-features=AutomationControlled'] : []]});
}

// fresh is a visitor whom the site has not seen: no cookies, no storage, an
// address of its own. Its page is used again, so that what is counted is the
// adversary's own work and not the start of a renderer.
async function fresh(job, page, t) {
	const context = page.context();
	await context.clearCookies();
	await context.setExtraHTTPHeaders({'X-Forwarded-For': t.address});
	await page.goto(job.base + '/login');
	await page.evaluate(() => sessionStorage.clear());
}

async function attempt(job, page, t, i) {
	const began = performance.now(), out = {i, met: 'stuck'};
	let judge;
	try {
		await fresh(job, page, t);
		await page.fill('input[name=email]', t.account);
		await page.fill('input[name=password]', t.password);
		await page.click('form[action="/login"] button');
		await page.waitForSelector('#lg-bar', {state: 'visible'});
		const judged = new Promise(go => judge = async r => {
			if (!r.url().endsWith('/verify')) return;
			const body = r.request().postDataJSON() || {};
			out.way = body.way;
			if (job.keep) out.seen = body.seen;
			const reply = await r.json().catch(() => ({status: 'left'}));
			if (reply.status !== 'wait' && reply.status !== 'busy') go(reply.status);
		});
		page.on('response', judge);
		await hands[job.adversary](page, {random, path: job.paths?.[i % job.paths.length]});
		out.met = await Promise.race([judged, pause(patience, 'no answer')]);
		if (out.met === 'checked') {
			// Doubts of the answer show after it: the next page is a picture.
			const arrived = Promise.race([
				page.waitForURL(u => u.pathname === '/account', {waitUntil: 'commit'}).then(() => 'shop'),
				page.waitForSelector('#lg-picture').then(() => 'picture'),
			]);
			// A drag goes on by itself, the others have a button for it.
			if (out.way === 'keyboard' || out.way === 'press') await page.locator('#lg-send').click({noWaitAfter: true}).catch(() => {});
			out.met = await arrived.catch(() => 'checked, not in');
		}
	} catch (e) {
		out.error = String(e).split('\n')[0];
	}
	if (judge) page.off('response', judge);
	out.ms = Math.round(performance.now() - began);
	console.log(JSON.stringify(out));
}

// spent is the processor time, in seconds, of this process and all below it
// (proc(5): utime, stime and those of children that were waited for).
function spent() {
	const all = new Map();
	for (const pid of readdirSync('/proc').filter(n => /^\d+$/.test(n))) {
		try {
			const f = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
			all.set(+pid, {parent: +f[1], ticks: [11, 12, 13, 14].reduce((s, i) => s + +f[i], 0)});
		} catch {} // it has ended meanwhile
	}
	const ours = pid => pid === process.pid || all.has(pid) && ours(all.get(pid).parent);
	let ticks = 0;
	for (const [pid, p] of all) if (ours(pid)) ticks += p.ticks;
	return ticks / 100;
}

async function work(job) {
	state = job.seed >>> 0;
	const hidden = careful(job.adversary), chrome = await browser(job, hidden), before = spent();
	let next = 0;
	await Promise.all(Array.from({length: job.parallel}, async () => {
		const context = await chrome.newContext({viewport: {width: 1280, height: 720}, locale: 'en-US', ...hidden && {userAgent: job.userAgent}});
		const page = await context.newPage();
		page.setDefaultTimeout(patience);
		while (next < job.tries.length) {
			const i = next++;
			await attempt(job, page, job.tries[i], i);
		}
		await context.close();
	}));
	console.log(JSON.stringify({cpu: spent() - before}));
}

for await (const line of createInterface({input: process.stdin})) await work(JSON.parse(line));
for (const chrome of Object.values(started)) await (await chrome).close();
