<?php
// Prepended to every script that php-fpm runs (auto_prepend_file): writes
// one line a request, so that the checks see what PHP got and not what the
// gateway says that it sent.
(function () {
	$type = $_SERVER['CONTENT_TYPE'] ?? '';
	$line = [
		'kind'     => 'request',
		'case'     => $_SERVER['HTTP_X_SHOPS_CASE'] ?? '',
		'method'   => $_SERVER['REQUEST_METHOD'] ?? '',
		'uri'      => $_SERVER['REQUEST_URI'] ?? '',
		'host'     => $_SERVER['HTTP_HOST'] ?? '',
		'script'   => $_SERVER['SCRIPT_NAME'] ?? '',
		'length'   => $_SERVER['CONTENT_LENGTH'] ?? '',
		'type'     => $type,
		'encoding' => $_SERVER['HTTP_ACCEPT_ENCODING'] ?? '',
		'get'      => array_map('strval', array_keys($_GET)),
		'post'     => array_map('strval', array_keys($_POST)),
		'files'    => array_map('strval', array_keys($_FILES)),
		'headers'  => array_filter($_SERVER, fn ($k) => str_starts_with($k, 'HTTP_'), ARRAY_FILTER_USE_KEY),
	];
	if (stripos($type, 'multipart/form-data') !== 0) { // PHP keeps no raw body of those
		$body = file_get_contents('php://input');
		$line['bytes']  = strlen($body);
		$line['sha256'] = hash('sha256', $body);
	}
	file_put_contents(getenv('SHOPS_WATCH'), json_encode($line, JSON_INVALID_UTF8_SUBSTITUTE) . "\n", FILE_APPEND | LOCK_EX);
})();
