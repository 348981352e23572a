// Last of all: the page works. Without this word the shop's page goes on as if
// there were no check here.
const colours = getComputedStyle(document.body);
tell('ready', {close: root.dataset.close, title: document.title, lang: root.lang, dir: root.dir, ground: colours.backgroundColor, ink: colours.color});
if (root.dataset.frame === 'dialog') document.querySelector('#lg-bar, #lg-answer, #lg-code, #lg-passkey, #lg-resend')?.focus();
