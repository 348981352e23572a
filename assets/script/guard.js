// For the shop's own pages, by one tag; docs/inline.md says what it does. It
// comes in parts: this one, what all need; guard-bar, the slider beside login
// forms; guard-dialog, the check of a login that a script sent; guard-fetch
// and guard-xhr, which see such logins and repeat them. `site` is in front.
const mark = Symbol.for('login-guard');
if (self[mark]) return; // the tag stands twice
self[mark] = true;

const origin = location.origin, fetched = self.fetch;
const make = (name, more) => Object.assign(document.createElement(name), more);

// local reports whether an address is on the page's own origin.
function local(address) {
	try {
		return new URL(address, document.baseURI).origin === origin;
	} catch {}
}

// Frames of ours, each with what hears it. Others may send messages too.
const frames = new Map();
addEventListener('message', e => {
	if (e.origin !== origin || !e.data?.loginGuard) return;
	for (const [frame, hear] of frames) {
		if (frame.contentWindow === e.source) hear(e.data);
		else if (!frame.isConnected) frames.delete(frame);
	}
});

// dark reports whether an element's text is light, as it is on a dark ground.
// A browser may write a colour as rgb, lab, lch or color.
function dark(e) {
	const {color} = getComputedStyle(e);
	const [r, g, b] = color.split(/[\s,(/)]+/).map(parseFloat).filter(n => n >= 0);
	const mix = (r * 3 + g * 6 + b) / 10;
	return (color[0] === 'r' ? mix / 255 : color[0] === 'c' ? mix : r > 1 ? r / 100 : r) > .66;
}

// framed makes a frame with a page of ours in the colours of what is around
// it.
function framed(path, around, style, hear) {
	const scheme = dark(around) ? 'dark' : 'light', frame = make('iframe', {src: path + '&scheme=' + scheme});
	frame.style.cssText = style + ';border:0;color-scheme:' + scheme;
	frames.set(frame, data => {
		frame.style.height = Math.min(data.height, 2000) + 'px';
		if (data.loginGuard === 'ready') frame.title = data.title;
		hear(data);
	});
	return frame;
}

function drop(frame) {
	frames.delete(frame);
	(frame.row || frame).remove();
}
