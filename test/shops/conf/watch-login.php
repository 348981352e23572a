<?php
// A must-use plugin that watches: one line whenever WordPress checks a
// password, whichever script it came through. And it lets the visitors of
// the checks, who all come from one address, comment in quick succession.
add_filter('comment_flood_filter', '__return_false', 1000);
(function () {
	$write = function (array $line): void {
		$line += ['case' => $_SERVER['HTTP_X_SHOPS_CASE'] ?? '', 'uri' => $_SERVER['REQUEST_URI'] ?? '', 'host' => $_SERVER['HTTP_HOST'] ?? ''];
		file_put_contents(getenv('SHOPS_WATCH'), json_encode($line, JSON_INVALID_UTF8_SUBSTITUTE) . "\n", FILE_APPEND | LOCK_EX);
	};
	// WordPress asks this filter too when nothing, or only a half, was sent.
	add_filter('authenticate', function ($user, $name, $password) use ($write) {
		if ($name !== '' && $password !== '') {
			$write(['kind' => 'login', 'account' => $name, 'right' => $user instanceof WP_User]);
		}
		return $user;
	}, 1000, 3);
})();
