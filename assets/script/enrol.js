// Makes a passkey when the button is pressed.
credential(options => navigator.credentials.create(options));
