// A check's own address: goes on with the check that this tab was at.
const $ = id => document.getElementById('lg-' + id);
let kept;
try {
	kept = JSON.parse(sessionStorage.getItem('login_guard'));
} catch {}
if (kept?.ref === $('ref').textContent) {
	const form = $('form'), words = $('resume');
	document.querySelectorAll('[data-swap]').forEach(e => e.hidden = !e.hidden);
	document.title = $('title').textContent = words.title;
	words.title = '';
	form.elements.login_guard_hold.value = kept.hold;
	form.elements.login_guard_challenge.value = kept.token;
	form.action = kept.from;
	form.submit();
}
