// Recovery codes on paper, or in a file that never leaves this device.
$('tools').hidden = false;
$('print').onclick = () => print();
$('save').onclick = () => {
	const lines = [document.title, data.host, '', ...[...document.querySelectorAll('#lg-codes code')].map(e => e.textContent), ''];
	const link = document.createElement('a');
	link.href = URL.createObjectURL(new Blob([lines.join('\r\n')], {type: 'text/plain'}));
	link.download = document.title + '.txt';
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};
