// Ways of moving a mouse from the slider's button to its end, as points
// {t, x, y}: milliseconds after the press and pixels in the window. Each is
// written here from its published description; ghost-cursor is its package.
import ghost from 'ghost-cursor';

const frame = 1000 / 60;
const gauss = random => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

// steady goes in equal steps, with a pixel of noise.
function steady(a, b, random) {
	const n = 25 + Math.floor(random() * 20), step = 12 + random() * 10, out = [];
	for (let i = 0; i <= n; i++) {
		out.push({t: i * step, x: a.x + (b.x - a.x) * i / n + (i % n ? random() * 2 - 1 : 0), y: a.y + (b.y - a.y) * i / n + random() * 2 - 1});
	}
	return out;
}

// bezier is a cubic curve with two control points off the line, eased in and
// out.
function bezier(a, b, random) {
	const d = b.x - a.x, off = () => (random() - 0.5) * 0.15 * d;
	const p = {x: a.x + d * (0.2 + 0.2 * random()), y: a.y + off()}, q = {x: a.x + d * (0.6 + 0.2 * random()), y: b.y + off()};
	const took = 500 + random() * 900, n = Math.round(took / frame), out = [];
	for (let i = 0; i <= n; i++) {
		const s = i / n, u = s * s * (3 - 2 * s), v = 1 - u;
		const at = k => v * v * v * a[k] + 3 * v * v * u * p[k] + 3 * v * u * u * q[k] + u * u * u * b[k];
		out.push({t: i * frame, x: at('x') + gauss(random) * 0.4, y: at('y') + gauss(random) * 0.4});
	}
	return out;
}

// windmouse pulls by gravity and pushes by a wind that changes (B. Land's
// algorithm, with the parameters that are usual).
function windmouse(a, b, random) {
	const gravity = 9, wind = 3, near = 12, out = [];
	let {x, y} = a, vx = 0, vy = 0, wx = 0, wy = 0, most = 15, t = 0;
	for (let left; (left = Math.hypot(b.x - x, b.y - y)) >= 1 && out.length < 400;) {
		const w = Math.min(wind, left);
		if (left >= near) {
			wx = wx / Math.sqrt(3) + (2 * random() - 1) * w / Math.sqrt(5);
			wy = wy / Math.sqrt(3) + (2 * random() - 1) * w / Math.sqrt(5);
		} else {
			wx /= Math.sqrt(3);
			wy /= Math.sqrt(3);
			most = most < 3 ? 3 + 3 * random() : most / Math.sqrt(5);
		}
		vx += wx + gravity * (b.x - x) / left;
		vy += wy + gravity * (b.y - y) / left;
		const speed = Math.hypot(vx, vy);
		if (speed > most) {
			const clip = most / 2 + random() * most / 2;
			vx *= clip / speed;
			vy *= clip / speed;
		}
		x += vx;
		y += vy;
		out.push({t: t += 8 + random() * 10, x, y});
	}
	return [{t: 0, ...a}, ...out, {t: t + 12, ...b}];
}

// jerk is minimum jerk (Flash and Hogan 1985): a fast movement that falls
// short and a small one that corrects it, along a slight arc.
function jerk(a, b, random) {
	const d = b.x - a.x, first = d * (0.85 + 0.12 * random()), t1 = 350 + random() * 450, t2 = 180 + random() * 250;
	const begins = t1 * (0.8 + 0.2 * random()), all = begins + t2, drift = (random() - 0.5) * 0.12 * d, out = [];
	const bell = s => s <= 0 ? 0 : s >= 1 ? 1 : s ** 3 * (10 - 15 * s + 6 * s * s);
	for (let t = 0; t <= all + frame; t += frame) {
		const x = first * bell(t / t1) + (d - first) * bell((t - begins) / t2);
		out.push({t, x: a.x + x, y: a.y + (b.y - a.y) * x / d + drift * (x / d) * (1 - x / d) + gauss(random) * 0.3});
	}
	return out;
}

// ghost is ghost-cursor's path. Without times its points are sent as fast as
// the browser takes them, as its own mouse does.
function ghostly(a, b, random, timed) {
	const points = ghost.path(a, b, timed ? {useTimestamps: true} : undefined);
	return points.map((p, i) => ({t: timed ? p.timestamp - points[0].timestamp : i, x: p.x, y: p.y}));
}

export const shapes = {
	steady, bezier, windmouse, jerk,
	ghost: (a, b, random) => ghostly(a, b, random, false),
	'ghost-timed': (a, b, random) => ghostly(a, b, random, true),
};

// stretched lays a recorded path, [ms, part of the way, part of the way down],
// between two points.
export function stretched(path, a, b) {
	const d = b.x - a.x;
	return path.map(([t, x, y]) => ({t, x: a.x + x * d, y: a.y + y * d}));
}

// towards is a hand's way to the button before it presses.
export function towards(a, random) {
	const from = {x: a.x + 80 + random() * 400, y: a.y + 60 + random() * 200};
	return jerk(from, a, random);
}
