// What the adversaries do on the page of a check. Each gets a browser page on
// which the slider is seen and leaves it to the page to answer.
import {shapes, stretched, towards} from './paths.mjs';

const pause = ms => new Promise(go => setTimeout(go, ms));

// ends are where the slider's button is and where it has to go.
async function ends(page) {
	const box = await page.locator('#lg-bar').boundingBox();
	return [{x: box.x + 28, y: box.y + box.height / 2}, {x: box.x + box.width - 28, y: box.y + box.height / 2}];
}

// stock drags with Playwright's own mouse.
const stock = steps => async page => {
	const [a, b] = await ends(page);
	await page.mouse.move(a.x, a.y);
	await page.mouse.down();
	await page.mouse.move(b.x, b.y, {steps});
	await page.mouse.up();
};

// along moves Playwright's mouse from point to point, each when its time has
// come.
const along = shape => async (page, {random}) => {
	const [a, b] = await ends(page);
	for (const p of shapes.ghost({x: a.x + 200 * random(), y: a.y + 150 * random()}, a, random)) await page.mouse.move(p.x, p.y);
	await page.mouse.down();
	const began = performance.now();
	for (const p of shape(a, b, random)) {
		await pause(began + p.t - performance.now());
		await page.mouse.move(p.x, p.y);
	}
	await page.mouse.up();
};

// raw speaks the DevTools protocol itself. careful: whole pixels, the pressure
// of a pressed mouse, a way to the button first, pauses at both ends.
const raw = (shape, careful) => async (page, {random, path}) => {
	const [a, b] = (await ends(page)).map(p => careful ? {x: Math.round(p.x), y: Math.round(p.y)} : p);
	const cdp = await page.context().newCDPSession(page);
	const all = [];
	const send = (type, p, more) => all.push(cdp.send('Input.dispatchMouseEvent', {
		type, x: careful ? Math.round(p.x) : p.x, y: careful ? Math.round(p.y) : p.y, pointerType: 'mouse', ...more,
	}).catch(() => {}));
	const play = async (points, more) => {
		const began = performance.now();
		for (const p of points) {
			await pause(began + p.t - performance.now());
			send('mouseMoved', p, more);
		}
	};
	const pressed = {button: 'left', buttons: 1, ...(careful && {force: 0.5})};
	if (careful) await play(towards(a, random), {});
	else send('mouseMoved', a, {});
	if (careful) await pause(60 + 120 * random());
	send('mousePressed', a, {...pressed, clickCount: 1});
	if (careful) await pause(40 + 90 * random());
	const points = path ? stretched(path, a, b) : shape(a, b, random);
	await play(points.slice(1), pressed);
	if (careful) await pause(50 + 120 * random());
	send('mouseReleased', points[points.length - 1], {button: 'left', buttons: 0, clickCount: 1});
	await Promise.all(all);
};

// synthetic makes the events in the page, as a userscript would.
const synthetic = moves => page => page.evaluate(async moves => {
	const bar = document.querySelector('#lg-bar'), box = bar.getBoundingClientRect();
	const y = box.y + box.height / 2, from = box.x + 28, to = box.right - 28;
	const fire = (type, x, buttons) => bar.dispatchEvent(new PointerEvent(type, {
		bubbles: true, cancelable: true, composed: true, pointerId: 1, pointerType: 'mouse', isPrimary: true,
		clientX: x, clientY: y, screenX: x, screenY: y + 80, button: type === 'pointermove' ? -1 : 0, buttons, pressure: buttons ? 0.5 : 0,
	}));
	fire('pointerdown', from, 1);
	for (let i = 1; i <= moves; i++) {
		fire('pointermove', from + (to - from) * i / moves, 1);
		await new Promise(go => setTimeout(go, 15));
	}
	bar.value = 100;
	fire('pointerup', to, 0);
}, moves);

// inPage runs in the page and touches no pointer.
const inPage = act => page => page.evaluate(act);

const presses = keys => async page => {
	await page.locator('#lg-bar').focus();
	for (const key of keys) await page.keyboard.press(key);
};

export const hands = {
	'synthetic events': synthetic(30),
	'synthetic, one move': synthetic(1),
	'value and input event': inPage(() => {
		const bar = document.querySelector('#lg-bar');
		bar.value = 100;
		bar.dispatchEvent(new Event('input', {bubbles: true}));
	}),
	'synthetic key': inPage(() => document.querySelector('#lg-bar').dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true, cancelable: true}))),
	'element.click() on press': inPage(() => document.querySelector('#lg-press').click()),
	'Playwright mouse, steps 1': stock(1),
	'Playwright mouse, steps 5': stock(5),
	'Playwright mouse, steps 30': stock(30),
	'Playwright dragTo': page => page.locator('#lg-bar').dragTo(page.locator('#lg-bar'), {sourcePosition: {x: 28, y: 28}, targetPosition: {x: 380, y: 28}, force: true}),
	'Playwright keyboard, End': presses(['End']),
	'Playwright keyboard, arrows': presses(Array(10).fill('ArrowRight')),
	'Playwright fill': page => page.locator('#lg-bar').fill('100'),
	'Playwright click on press': page => page.locator('#lg-press').click(),
	'ghost-cursor': along(shapes.ghost),
	'ghost-cursor, timed': raw(shapes['ghost-timed'], false),
	'bezier': raw(shapes.bezier, false),
	'windmouse': raw(shapes.windmouse, false),
	'steady, facts fixed': raw(shapes.steady, true),
	'ghost-cursor, facts fixed': raw(shapes['ghost-timed'], true),
	'bezier, facts fixed': raw(shapes.bezier, true),
	'windmouse, facts fixed': raw(shapes.windmouse, true),
	'minimum jerk, facts fixed': raw(shapes.jerk, true),
	// A path from outside: recorded, or imitated.
	path: raw(null, true),
	// The keyboard as a patient hand uses it.
	'keyboard at a hand\'s pace': async (page, {random}) => {
		await pause(400 + 500 * random());
		for (let i = 0; i < 12 && !(await page.locator('#lg-bar').evaluate(e => e === document.activeElement)); i++) {
			await page.keyboard.press('Tab', {delay: 60 + 60 * random()});
			await pause(150 + 200 * random());
		}
		for (let i = 0; i < 10; i++) {
			await page.keyboard.press('ArrowRight', {delay: 50 + 60 * random()});
			await pause(80 + 120 * random());
		}
	},
	'press at a hand\'s pace': async (page, {random}) => {
		await pause(600 + 500 * random());
		const box = await page.locator('#lg-press').boundingBox();
		const at = {x: Math.round(box.x + box.width * (0.3 + 0.4 * random())), y: Math.round(box.y + box.height * (0.3 + 0.4 * random()))};
		for (const p of towards(at, random)) {
			await pause(16);
			await page.mouse.move(Math.round(p.x), Math.round(p.y));
		}
		await pause(80 + 100 * random());
		await page.mouse.down();
		await pause(60 + 60 * random());
		await page.mouse.up();
	},
};

// drags are those whose page goes on by itself after "Checked".
export const careful = name => /facts fixed|^path$|hand's pace/.test(name);
