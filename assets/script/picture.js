const image = $('picture'), audio = $('audio'), play = $('play'), answer = $('answer');
const words = ['title', 'lead', 'label', 'hint'].map($);
const seen = words.map(e => e.textContent); // of the picture, if the page began with one
const letters = answer.inputMode !== 'numeric', count = answer.minLength;
let left; // the picture's check and when it came, while its shopper listens

function wrong(words) {
	say(words, 'error');
	answer.setAttribute('aria-invalid', true);
	answer.focus();
}

// entitle names the page, in the window's title too.
function entitle(name) {
	document.title = document.title.replace(words[0].textContent, () => name);
	words[0].textContent = name;
}

// swap shows what the check at hand asks for.
function swap() {
	const listens = !!task.sound;
	const now = listens ? [text.sound_title, text.sound_lead, text.sound_label, text.sound_hint] : seen;
	entitle(now[0]);
	words.forEach((e, i) => e.textContent = now[i]);
	$('see').hidden = listens;
	$('hear').hidden = !listens;
	audio.pause();
	if (listens) audio.src = task.sound + '?lang=' + data.lang;
	else if (image.getAttribute('src') !== task.picture) image.src = task.picture;
	answer.inputMode = letters && !listens ? '' : 'numeric';
	answer.minLength = listens ? 8 : count;
	answer.value = '';
	answer.removeAttribute('aria-invalid');
}

// renewed is called when the check was renewed unseen: its picture may differ.
self.renewed = () => {
	if (image.getAttribute('src') === task.picture) return;
	swap();
	say(task.sound ? text.sound_fresh : text.fresh);
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

// listen asks for digits to hear, or for others. The picture's check stays
// good, for who comes back to it.
async function listen() {
	busy = true;
	const reply = await post('sound').catch(() => null);
	busy = false;
	if (!reply) return say(text.offline, 'error');
	if (reply.status === 'gone') return leave();
	if (!reply.task) return say(text.sound_busy, 'error');
	const fresh = task.sound;
	if (!fresh) left = [task, born];
	take(reply.task);
	swap();
	say(fresh ? text.sound_fresh : '');
	play.focus();
}

function look() {
	// One that is about to end, or that this page never had, comes afresh.
	if (!left || Date.now() - left[1] > 480000) return leave('picture');
	take(left[0]);
	born = left[1];
	left = null;
	swap();
	say('');
	answer.focus();
}

async function slow() {
	busy = true;
	audio.pause();
	const reply = await post('slow').catch(() => null);
	busy = false;
	if (!reply) return say(text.offline, 'error');
	if (!reply.task) return say(text.slow_busy, 'error');
	take(reply.task);
	$('ask').hidden = $('slow').hidden = true;
	entitle(text.slow_title);
	$('lead').textContent = text.slow_lead;
	say('');
	send.focus();
	waitOut(reply.seconds);
}

async function check() {
	// As many as there are, however they are written: the server reads them.
	const typed = answer.value.normalize('NFKC').replace(/[\s\p{Pd}\p{Cf}]/gu, '');
	if (!typed) return wrong(task.sound ? text.sound_empty : text.empty);
	if ([...typed].length !== answer.minLength) return wrong($('hint').textContent);
	answer.removeAttribute('aria-invalid');
	answer.readOnly = true;
	audio.pause();
	// After many wrong passwords no answer is good for some time.
	for (let early; (early = born + task.floor - Date.now()) > 0;) {
		busy = true;
		ready(false);
		say(timeLeft(early / 1000));
		await pause(Math.min(early, 10000));
	}
	say(text.checking);
	const was = task.sound;
	const reply = await ask(was ? 'sound' : 'picture', {answer: typed});
	if (clearance) {
		say(text.checked_sending, 'ok');
		ready(true);
		return setTimeout(go, 700);
	}
	answer.readOnly = false;
	ready(true);
	swap();
	wrong(reply.error !== 'wrong' ? text.again : task.sound ? text.sound_wrong : text.wrong);
}

const broken = () => say(text.broken, 'error');
image.addEventListener('error', broken);
if (!data.task.sound && image.complete && !image.naturalWidth) broken();

// It plays when it is asked to and never by itself; pressed again it pauses.
play.addEventListener('click', () => {
	if (audio.paused) audio.play().catch(() => {});
	else audio.pause();
	answer.focus();
});
for (const now of ['play', 'pause']) audio.addEventListener(now, () => play.setAttribute('aria-pressed', !audio.paused));
audio.addEventListener('error', () => $('hear').hidden || say(text.sound_broken, 'error'));

begin(step => ({new: another, sound: listen, picture: look, slow}[step] || check)());
ready(true);
