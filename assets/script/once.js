// A second press does nothing while the first is on its way.
let sent = false;
document.getElementById('lg-form').addEventListener('submit', e => {
	if (sent) e.preventDefault();
	sent = true;
	setTimeout(() => sent = false, 30000);
});
