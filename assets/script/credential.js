// Both ceremonies of WebAuthn: from JSON with base64url (Level 3 §5.1.8 to
// §5.1.10) to bytes and back, as not every browser does that by itself.
const status = $('status');

function say(words) {
	status.textContent = words;
	status.className = words && 'error';
}

const toBytes = words => Uint8Array.from(atob(words.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
const toText = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');

function credential(ask) {
	const button = $('passkey');
	button.hidden = false;
	if (!self.PublicKeyCredential) {
		button.hidden = true;
		return say(text.second_unsupported);
	}
	button.onclick = async () => {
		if (button.getAttribute('aria-disabled') === 'true') return;
		button.setAttribute('aria-disabled', 'true');
		say('');
		try {
			const wanted = data.options.publicKey || data.options, publicKey = {...wanted, challenge: toBytes(wanted.challenge)};
			if (wanted.user) publicKey.user = {...wanted.user, id: toBytes(wanted.user.id)};
			for (const list of ['allowCredentials', 'excludeCredentials']) {
				if (wanted[list]) publicKey[list] = wanted[list].map(one => ({...one, id: toBytes(one.id)}));
			}
			const made = await ask({publicKey}), from = made.response, response = {};
			for (const part of ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle', 'attestationObject']) {
				if (from[part]) response[part] = toText(from[part]);
			}
			if (from.getTransports) response.transports = from.getTransports();
			$('credential').value = JSON.stringify({
				id: made.id, rawId: toText(made.rawId), type: made.type, response,
				authenticatorAttachment: made.authenticatorAttachment || undefined,
				clientExtensionResults: made.getClientExtensionResults(),
			});
			button.form.requestSubmit();
		} catch (e) {
			say(e.name === 'InvalidStateError' ? text.passkey_there : text.second_stopped);
			button.setAttribute('aria-disabled', 'false');
		}
	};
}
