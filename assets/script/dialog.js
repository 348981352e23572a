// The check of a script's login, in a dialog. These take the place of core's
// functions of the same names (of two in one script the later counts): the
// script sends its login again, so nothing is sent from here.
function go() {
	tell('cleared', {clearance});
}

function leave(step) {
	location.replace(form.action + (step ? '&step=' + step : ''));
	return new Promise(() => {});
}
