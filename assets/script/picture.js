const image = $('picture'), answer = $('answer');

// Arabic and Persian keyboards type digits of their own.
const digits = words => words.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, d => d.charCodeAt(0) & 15).replace(/\D/g, '');

function wrong(words) {
	say(words, 'error');
	answer.setAttribute('aria-invalid', true);
	answer.focus();
}

function swap() {
	image.src = task.picture;
	answer.value = '';
	answer.removeAttribute('aria-invalid');
}

// renewed is called when the check was renewed unseen: its picture may differ.
self.renewed = () => {
	if (image.getAttribute('src') === task.picture) return;
	swap();
	say(text.fresh);
};

async function another() {
	busy = true;
	const reply = await post('renew', {new: true}).catch(() => ({}));
	busy = false;
	if (!reply.task || reply.task.picture === task.picture) return leave('new');
	take(reply.task);
	swap();
	say(text.fresh);
	answer.focus();
}

async function slow() {
	busy = true;
	const reply = await post('slow').catch(() => null);
	busy = false;
	if (!reply) return say(text.offline, 'error');
	if (!reply.task) return say(text.slow_busy, 'error');
	take(reply.task);
	$('ask').hidden = $('slow').hidden = true;
	$('title').textContent = text.slow_title;
	$('lead').textContent = text.slow_lead;
	say('');
	send.focus();
	waitOut(reply.seconds);
}

async function check() {
	const typed = digits(answer.value);
	if (typed.length !== 6) return wrong(text.empty);
	answer.removeAttribute('aria-invalid');
	answer.readOnly = true;
	// After many wrong passwords no answer is good for some time.
	for (let early; (early = born + task.floor - Date.now()) > 0;) {
		busy = true;
		ready(false);
		say(timeLeft(early / 1000));
		await pause(Math.min(early, 10000));
	}
	say(text.checking);
	const reply = await ask('picture', {answer: typed});
	if (clearance) {
		say(text.checked_sending, 'ok');
		ready(true);
		return setTimeout(go, 700);
	}
	answer.readOnly = false;
	ready(true);
	swap();
	wrong(reply.error === 'wrong' ? text.wrong : text.again);
}

const broken = () => say(text.broken, 'error');
image.addEventListener('error', broken);
if (image.complete && !image.naturalWidth) broken();
begin(step => step === 'new' ? another() : step === 'slow' ? slow() : check());
ready(true);
