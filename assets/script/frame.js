// The page stands in a frame of a page of the shop, whose script (guard.js)
// is told what happens here; package page lists the messages. Only pages of
// this origin can frame us.
const root = document.documentElement;

function tell(what, more) {
	parent.postMessage({loginGuard: what, height: Math.ceil(document.body.getBoundingClientRect().height), ...more}, location.origin);
}

new ResizeObserver(() => tell('height')).observe(document.body);
addEventListener('keydown', e => {
	if (e.key === 'Escape') tell('close');
});

// In place of keep's: the address shows the check by itself.
function remember() {}
function forget() {}
