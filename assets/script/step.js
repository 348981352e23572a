// What pages of the second factor share. All works without it.
const $ = id => document.getElementById('lg-' + id);
const data = JSON.parse($('data').textContent), text = data.text;

// A second press does nothing while the first is on its way.
let sent = false;
document.addEventListener('submit', e => {
	if (sent) e.preventDefault();
	sent = true;
	setTimeout(() => sent = false, 15000);
});

// What was wrong is the description of its field, and read with it.
document.querySelector('[aria-invalid=true]')?.focus();

// Back to a page that was sent already: it comes afresh.
addEventListener('pageshow', e => e.persisted && location.replace(location.href));

// Days as the reader is used to. They are days of UTC.
for (const day of document.querySelectorAll('time')) {
	try {
		day.textContent = new Date(day.dateTime).toLocaleDateString(data.lang, {dateStyle: 'medium', timeZone: 'UTC'});
	} catch {}
}

// Another code can be asked for when the time is over; the server judges.
const resend = $('resend'), left = $('left');
if (left) {
	const end = Date.now() + resend.dataset.wait * 1000;
	resend.setAttribute('aria-disabled', 'true');
	resend.onclick = e => {
		if (resend.getAttribute('aria-disabled') === 'true') e.preventDefault();
	};
	const tick = setInterval(() => {
		const seconds = Math.ceil((end - Date.now()) / 1000);
		left.textContent = seconds > 0 ? text.left.replace('{time}', (seconds / 60 | 0) + ':' + ('0' + seconds % 60).slice(-2)) : '';
		if (seconds > 0) return;
		clearInterval(tick);
		resend.setAttribute('aria-disabled', 'false');
	}, 1000);
}
