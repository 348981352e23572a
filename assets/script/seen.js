// What the page saw of how the check was answered. Package evidence says what
// each field means and judges; nothing is judged here.
const bar = $('bar'), press = $('press'), side = document.dir === 'rtl' ? -1 : 1;
let grip, down, // where the pointer holds the bar; the last press at all
	points, pressure, events, moves, // of the last drag: places, most pressure, coalesced
	click, key, keyAt = 0, // the last click and key, and when that went down
	untrusted = 0, before = 0, inputs = 0, keys = [];

// mind counts events that no hand made. After one beside a drag, the last drag
// is not the answer.
function mind(e) {
	untrusted += !e.isTrusted;
	if (!grip) points = null;
}

// grab begins the record of a drag.
function grab(e) {
	grip = down = e;
	points = [];
	click = null;
	pressure = events = moves = 0;
	point(e);
}

// point notes where the pointer is, and was since the event before.
function point(e, parts) {
	mind(e);
	if (parts) {
		events += parts.length;
		moves++;
	}
	pressure = Math.max(pressure, e.pressure);
	for (const p of parts?.length ? parts : [e]) {
		points.push([p.timeStamp - grip.timeStamp, (p.clientX - grip.clientX) * side, p.clientY - grip.clientY].map(n => +n.toFixed(1)));
	}
}

// look returns the report. A key that is let go before it is sent is in it.
function look() {
	const step = Math.ceil(points?.length / 200);
	return {seen: {
		v: 1, untrusted, before, inputs, keys, click, pressure,
		webdriver: navigator.webdriver,
		type: down?.pointerType,
		coalesced: [events, moves],
		dpr: devicePixelRatio,
		track: points?.filter((_, i) => i < 2 || !points[i + 2] || i % step < 1),
	}};
}

// Who goes to the bar by Tab lets go of it there.
onkeyup = e => key || (before += 2);
bar.onkeydown = press.onkeydown = e => {
	mind(e);
	if (e.repeat) return;
	keys = [...keys, key = [null, e.timeStamp - keyAt]].slice(-16);
	keyAt = e.timeStamp;
};
bar.onkeyup = press.onkeyup = e => {
	if (key) key[0] ??= e.timeStamp - keyAt;
};
bar.oninput = e => {
	mind(e);
	inputs += !grip;
};
press.onpointerdown = e => down = e;
press.onclick = e => {
	mind(e);
	click = [e.detail, e.timeStamp - down?.timeStamp];
};
