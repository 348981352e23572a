// With a script the page has an address of its own, which shows this check
// again: reload, a tab that the browser had put away, and Back from another
// page lose nothing. What the page needs for that stays in this tab.
const here = location.href;

function remember() {
	if (here.includes(data.prefix)) return; // an address that shows the check by itself
	try {
		const ref = $('ref').textContent, from = form.getAttribute('action');
		sessionStorage.setItem('login_guard', JSON.stringify({ref, from, hold, token: task.token}));
		history.replaceState(null, '', data.prefix + 'check/' + ref + '?' + new URLSearchParams({lang: data.lang, from}));
	} catch {} // kept back from us: the page stays where it is
}

// forget makes the entry a plain one of the shop: Back then opens its own
// page, not the browser's warning that a form would be sent again.
function forget() {
	history.replaceState(null, '', here);
	try {
		sessionStorage.removeItem('login_guard');
	} catch {}
}
