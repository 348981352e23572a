const bar = $('bar'), track = $('track'), press = $('press'), rtl = document.dir === 'rtl';
const marks = track.classList; // back, busy, checked, nudge
const END = 98; // percent of the way that count as the end
let grip, points; // where the pointer took hold; [ms, px towards the end, px down]

function show(value) {
	bar.value = value;
	track.style.setProperty('--p', bar.value / 100);
	bar.setAttribute('aria-valuetext', bar.value + '%');
}

function nudge(on) {
	marks.remove('nudge');
	track.offsetWidth; // lets the animation begin anew
	if (on) marks.add('nudge');
}

function back(words) {
	marks.add('back');
	show(0);
	say(words, 'error');
	nudge(true);
}

async function check(way, more) {
	if (busy) return;
	nudge();
	say(text.checking);
	press.setAttribute('aria-disabled', true);
	marks.add('busy');
	await ask(way, more);
	marks.remove('busy');
	if (!clearance) {
		press.removeAttribute('aria-disabled');
		return back(text.again);
	}
	show(100);
	marks.add('busy', 'checked');
	bar.setAttribute('aria-valuetext', track.querySelector('.done').textContent);
	ready(true);
	say(more ? text.checked_sending : text.checked_press, 'ok');
	if (more) setTimeout(go, 700);
}

function point(e) {
	const x = e.clientX - grip.clientX;
	points.push([e.timeStamp - grip.timeStamp, rtl ? -x : x, e.clientY - grip.clientY].map(Math.round));
	if (points.length > 255) points = points.filter((_, i) => i % 2 < 1);
}

bar.addEventListener('pointerdown', e => {
	if (busy || !e.isPrimary || e.button) return;
	grip = e;
	points = [];
	point(e);
	nudge();
	say('');
	marks.remove('back');
});
const mine = e => grip?.pointerId === e.pointerId;
addEventListener('pointermove', e => mine(e) && point(e));
for (const kind of ['pointerup', 'pointercancel']) {
	addEventListener(kind, e => mine(e) && setTimeout(release, 0, e));
}

// release runs after the range has taken the pointer's last place.
function release(e) {
	if (!grip) return;
	point(e);
	const box = track.getBoundingClientRect(), still = points.every(p => Math.hypot(p[1], p[2]) < 6);
	const gap = rtl ? e.clientX - box.left : box.right - e.clientX;
	const way = grip.pointerType.replace('mouse', 'pointer');
	grip = null;
	if (busy) return;
	if (still && gap < 60) {
		// A click on the end, for those who cannot drag: no way to look at.
		show(100);
		check('press');
	} else if (bar.value >= END) {
		check(way, {track: points});
	} else {
		back(text.short);
	}
}

// The range's own steps are single points: a hundred presses to the end.
bar.addEventListener('keydown', e => {
	const on = rtl ? -10 : 10;
	const step = {ArrowRight: on, ArrowLeft: -on, ArrowUp: 10, ArrowDown: -10, PageUp: 25, PageDown: -25, End: 100, Home: -100}[e.key];
	if (!step || e.altKey || e.ctrlKey || e.metaKey) return;
	e.preventDefault();
	if (busy) return;
	marks.remove('back');
	nudge();
	say('');
	show(+bar.value + step);
	moved();
});

// Screen readers move the range without a key or a pointer.
bar.addEventListener('input', () => {
	if (busy) return show(100);
	show(bar.value);
	moved();
});

function moved() {
	if (!grip && bar.value >= END) check('keyboard');
}

press.addEventListener('click', () => check('press'));
begin(() => {
	say(text.skip, 'error');
	nudge(true);
});
show(0);
nudge(true);
