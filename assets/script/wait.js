// timeLeft says how much time is left, in the words of the browser.
function timeLeft(seconds) {
	const long = seconds > 99;
	const how = {style: 'unit', unit: long ? 'minute' : 'second', unitDisplay: 'long', numberingSystem: 'latn'};
	return text.left.replace('{time}', new Intl.NumberFormat(data.lang, how).format(Math.ceil(long ? seconds / 60 : seconds)));
}

// waitOut fills the bar for as long as the server demands, then asks.
async function waitOut(seconds) {
	const panel = $('wait'), meter = $('meter'), left = $('left'), end = Date.now() + seconds * 1000;
	busy = true;
	ready(false);
	panel.style.setProperty('--wait', seconds + 's');
	panel.hidden = false;
	for (let s; (s = Math.ceil((end - Date.now()) / 1000)) > 0;) {
		left.textContent = timeLeft(s);
		meter.setAttribute('aria-valuenow', Math.round(100 - 100 * s / seconds));
		await pause(250);
	}
	left.textContent = '';
	meter.setAttribute('aria-valuenow', 100);
	say(text.checking);
	// The server knows best what is next when it did not accept the wait.
	await ask('slow');
	if (!clearance) return leave('slow');
	say(text.checked_press, 'ok');
	ready(true);
}
