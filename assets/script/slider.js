const track = $('track');
const marks = track.classList; // back, busy, checked, nudge
const END = 98; // percent of the way that count as the end

function show(value) {
	bar.value = value;
	track.style.setProperty('--p', bar.value / 100);
	aria(bar, 'valuetext', bar.value + '%');
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

async function check(way, dragged) {
	if (busy) return;
	nudge();
	say(text.checking);
	aria(press, 'disabled', true);
	marks.add('busy');
	await ask(way, look());
	marks.remove('busy');
	if (!clearance) {
		aria(press, 'disabled', false);
		return back(text.again);
	}
	show(100);
	marks.add('busy', 'checked');
	aria(bar, 'valuetext', track.querySelector('.done').textContent);
	ready(true);
	say(dragged ? text.checked_sending : text.checked_press, 'ok');
	if (dragged) setTimeout(go, 700);
}

bar.onpointerdown = e => {
	if (busy || !e.isPrimary || e.button) return;
	grab(e);
	nudge();
	say('');
	marks.remove('back');
};
const mine = e => grip?.pointerId === e.pointerId;
self.onpointermove = e => mine(e) ? point(e, e.getCoalescedEvents?.()) : before += e.isTrusted && !grip;
self.onpointerup = self.onpointercancel = e => mine(e) && setTimeout(release, 0, e);

// release runs after the range has taken the pointer's last place.
function release(e) {
	if (!grip) return;
	const whole = e.type === 'pointerup';
	if (whole) point(e);
	const box = track.getBoundingClientRect(), [, x, y] = points[points.length - 1];
	const gap = side < 0 ? e.clientX - box.left : box.right - e.clientX;
	const way = grip.pointerType.replace('mouse', 'pointer');
	grip = null;
	if (busy) return;
	if (whole && Math.hypot(x, y) < 6 && gap < 60) show(100);
	if (bar.value < END) return back(text.short);
	// Who clicks on the end, or close to it, cannot drag: there is no way to
	// look at.
	if (x < 40) check('press');
	else check(way, true);
}

// The range's own steps are single points: a hundred presses to the end.
let later; // looks whether it is there, where nobody hears of a key let go
bar.addEventListener('keydown', e => {
	const on = 10 * side;
	const step = {ArrowRight: on, ArrowLeft: -on, ArrowUp: 10, ArrowDown: -10, PageUp: 25, PageDown: -25, End: 100, Home: -100}[e.key];
	if (!step || e.altKey || e.ctrlKey || e.metaKey) return;
	e.preventDefault();
	if (busy) return;
	marks.remove('back');
	nudge();
	say('');
	show(+bar.value + step);
	clearTimeout(later);
	later = setTimeout(moved, 1000);
});
// How long the key was held is known once it is let go.
bar.addEventListener('keyup', moved);

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
