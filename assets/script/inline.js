// The slider beside a login form. These take the place of core's functions of
// the same names (of two in one script the later counts): what it earns is a
// cookie, and the form is the shop's.
function go() {}

function leave() {
	tell('gone');
	return new Promise(() => {});
}

// A login page may stand open for hours: it draws the slider anew when
// somebody looks, which costs nobody a check.
function renew() {
	const anew = () => busy || clearance || location.reload();
	setTimeout(() => document.hidden ? addEventListener('visibilitychange', anew, {once: true}) : anew(), 480000);
}

// The shop's own button signs in, whatever it is called.
text.checked_sending = text.checked_press = document.querySelector('.done').textContent;

new MutationObserver(() => {
	if (!track.matches('.checked') || press.hidden) return;
	if (document.activeElement === press) bar.focus();
	press.hidden = true; // it has done its work
	tell('checked');
}).observe($('track'), {attributes: true});

addEventListener('message', e => {
	if (e.source !== parent || e.origin !== location.origin || e.data?.loginGuard !== 'hint') return;
	bar.focus();
	form.requestSubmit();
});
