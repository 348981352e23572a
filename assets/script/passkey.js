// Asks the browser for a passkey when the button is pressed: some browsers
// refuse without a press, and nobody likes a question out of nowhere.
const others = $('others');
if (others && self.PublicKeyCredential) others.open = false;
credential(options => navigator.credentials.get(options));
